/** The texts of one language. The placeholders `{code}` and `{service}` are the code and the name of the service. */
export interface LocaleWords {
  /** The text message without its last line. It contains each placeholder once. */
  text: string
  /** The spoken phrases before the code, with `{service}` once, and before its repetition. */
  speech: readonly [intro: string, again: string]
  /** The language of the voice, BCP 47 with a region. */
  speechLocale: string
}

const words = (speechLocale: string, text: string, intro: string, again: string): LocaleWords => ({
  text,
  speech: [intro, again],
  speechLocale,
})

/**
 * The built-in languages by their BCP 47 tags. Where the language allows it, the texts use only characters of GSM
 * 03.38. The others are short: one UCS-2 segment has 70 characters, including the last line.
 */
export const TEXTS_BY_LOCALE: Readonly<Record<string, LocaleWords>> = {
  en: words(
    'en-US',
    '{code} is your {service} code. Do not share it with anyone.',
    'Your {service} code is:',
    'Again:',
  ),
  ar: words('ar-SA', '{code} هو رمز {service} الخاص بك.', 'رمز {service} الخاص بك هو:', 'أكرر:'),
  bg: words('bg-BG', '{code} е вашият код за {service}.', 'Вашият код за {service} е:', 'Повтарям:'),
  ca: words(
    'ca-ES',
    '{code} és el teu codi de {service}. No el comparteixis.',
    'El teu codi de {service} és:',
    'Repeteixo:',
  ),
  cs: words('cs-CZ', '{code} je váš kód pro {service}.', 'Váš kód pro {service} je:', 'Opakuji:'),
  da: words(
    'da-DK',
    '{code} er din kode til {service}. Del den ikke med nogen.',
    'Din kode til {service} er:',
    'Jeg gentager:',
  ),
  de: words(
    'de-DE',
    '{code} ist Ihr {service}-Code. Geben Sie ihn an niemanden weiter.',
    'Ihr {service}-Code lautet:',
    'Ich wiederhole:',
  ),
  el: words('el-GR', '{code} είναι ο κωδικός {service}.', 'Ο κωδικός {service} είναι:', 'Επαναλαμβάνω:'),
  es: words(
    'es-ES',
    '{code} es tu clave de {service}. No la compartas con nadie.',
    'Tu clave de {service} es:',
    'Repito:',
  ),
  et: words(
    'et-EE',
    '{code} on teie {service} kood. Ärge jagage seda kellegagi.',
    'Teie {service} kood on:',
    'Kordan:',
  ),
  fi: words('fi-FI', '{code} on {service}-koodisi. Älä kerro sitä kenellekään.', '{service}-koodisi on:', 'Toistan:'),
  fr: words(
    'fr-FR',
    '{code} est votre code {service}. Ne le partagez avec personne.',
    'Votre code {service} est :',
    'Je répète :',
  ),
  he: words('he-IL', '{code} הוא הקוד שלך ל-{service}.', 'הקוד שלך ל-{service} הוא:', 'שוב:'),
  hi: words('hi-IN', '{code} आपका {service} कोड है।', 'आपका {service} कोड है:', 'फिर से:'),
  hr: words('hr-HR', '{code} je vaš kod za {service}.', 'Vaš kod za {service} je:', 'Ponavljam:'),
  hu: words('hu-HU', '{code} az Ön {service} kódja.', 'Az Ön {service} kódja:', 'Ismétlem:'),
  id: words(
    'id-ID',
    '{code} adalah kode {service} Anda. Jangan beri tahu siapa pun.',
    'Kode {service} Anda adalah:',
    'Saya ulangi:',
  ),
  it: words(
    'it-IT',
    '{code} è il tuo codice {service}. Non condividerlo con nessuno.',
    'Il tuo codice {service} è:',
    'Ripeto:',
  ),
  ja: words(
    'ja-JP',
    '{code} は {service} の認証コードです。',
    '{service} の認証コードは次のとおりです。',
    '繰り返します。',
  ),
  ko: words(
    'ko-KR',
    '{code}: {service} 인증번호입니다.',
    '{service} 인증번호는 다음과 같습니다.',
    '다시 말씀드립니다.',
  ),
  ms: words(
    'ms-MY',
    '{code} ialah kod {service} anda. Jangan kongsi dengan sesiapa.',
    'Kod {service} anda ialah:',
    'Saya ulangi:',
  ),
  nb: words(
    'nb-NO',
    '{code} er din kode for {service}. Ikke del den med noen.',
    'Din kode for {service} er:',
    'Jeg gjentar:',
  ),
  nl: words('nl-NL', '{code} is je {service}-code. Deel hem met niemand.', 'Je {service}-code is:', 'Ik herhaal:'),
  pl: words('pl-PL', '{code} to kod {service}. Nie podawaj go nikomu.', 'Kod {service} to:', 'Powtarzam:'),
  pt: words('pt-PT', '{code} é o seu código {service}.', 'O seu código {service} é:', 'Repito:'),
  'pt-BR': words('pt-BR', '{code} é seu código {service}.', 'Seu código {service} é:', 'Repetindo:'),
  ro: words('ro-RO', '{code} este codul {service}. Nu-l divulga.', 'Codul {service} este:', 'Repet:'),
  ru: words('ru-RU', '{code} — ваш код {service}.', 'Ваш код {service}:', 'Повторяю:'),
  sk: words('sk-SK', '{code} je váš kód pre {service}.', 'Váš kód pre {service} je:', 'Opakujem:'),
  sv: words(
    'sv-SE',
    '{code} är din kod för {service}. Dela den inte med någon.',
    'Din kod för {service} är:',
    'Jag upprepar:',
  ),
  th: words('th-TH', '{code} คือรหัส {service} ของคุณ', 'รหัส {service} ของคุณคือ', 'อีกครั้ง'),
  tr: words('tr-TR', '{code} {service} kodunuz. Kimseye vermeyin.', '{service} kodunuz:', 'Tekrar ediyorum:'),
  uk: words('uk-UA', '{code} — ваш код {service}.', 'Ваш код {service}:', 'Повторюю:'),
  vi: words('vi-VN', '{code} là mã {service} của bạn.', 'Mã {service} của bạn là:', 'Xin nhắc lại:'),
  'zh-Hans': words(
    'zh-CN',
    '{code} 是您的 {service} 验证码。请勿告诉他人。',
    '您的 {service} 验证码是：',
    '再重复一遍：',
  ),
  'zh-Hant': words(
    'zh-TW',
    '{code} 是您的 {service} 驗證碼。請勿告訴他人。',
    '您的 {service} 驗證碼是：',
    '再重複一遍：',
  ),
}
