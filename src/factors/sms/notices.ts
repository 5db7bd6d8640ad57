import type { NoticeKind } from '../../core/delivery/ports.ts'

type NoticeTexts = Readonly<Record<string, string>> & { en: string }

/** The notice goes to the previous number. */
const PHONE_CHANGED: NoticeTexts = {
  en: '{service} now sends its codes to another number. If that was not you, contact {service} at once.',
  de: '{service} sendet Codes ab jetzt an eine andere Nummer. Waren Sie das nicht? Melden Sie sich sofort bei {service}.',
  es: '{service} manda sus claves a otro celular desde ahora. Si no lo pediste, contacta con {service} de inmediato.',
  fr: "{service} enverra ses codes à un autre numéro. Si ce n'était pas vous, contactez {service}.",
  it: '{service} invierà i codici a un altro numero. Se non sei stato tu, contatta subito {service}.',
  nl: '{service} stuurt codes voortaan naar een ander nummer. Was jij dat niet? Neem meteen contact op met {service}.',
}

const PASSWORD_CHANGED: NoticeTexts = {
  en: 'Your {service} password was changed. If that was not you, contact {service} at once.',
  de: 'Ihr Passwort bei {service} wurde geändert. Waren Sie das nicht? Melden Sie sich sofort bei {service}.',
  es: 'Se ha cambiado tu contraseña de {service}. Si no lo pediste, contacta con {service} de inmediato.',
  fr: "Votre mot de passe {service} a été changé. Si ce n'était pas vous, contactez {service}.",
  it: 'La tua password di {service} è stata cambiata. Se non sei stato tu, contatta subito {service}.',
  nl: 'Je wachtwoord voor {service} is gewijzigd. Was jij dat niet? Neem meteen contact op met {service}.',
}

/**
 * The texts of the notices by BCP 47 tag; `{service}` is the name of the service. Each fits one segment, like the
 * codes.
 */
export const NOTICES: Readonly<Record<NoticeKind, NoticeTexts>> = {
  phone_changed: PHONE_CHANGED,
  password_changed: PASSWORD_CHANGED,
}
