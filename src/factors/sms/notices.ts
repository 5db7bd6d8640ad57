/**
 * What the former number is told when another one has taken its place, by BCP 47 tag; `{service}` stands for the name of
 * the service. One segment each, like the codes.
 */
export const NUMBER_CHANGED: Readonly<Record<string, string>> & { en: string } = {
  en: '{service} will send its codes to another number from now on. If that was not you, contact {service} at once.',
  de: '{service} sendet Codes ab jetzt an eine andere Nummer. Waren Sie das nicht? Melden Sie sich sofort bei {service}.',
  es: '{service} manda sus claves a otro celular desde ahora. Si no lo pediste, contacta con {service} de inmediato.',
  fr: "{service} enverra ses codes à un autre numéro. Si ce n'était pas vous, contactez {service}.",
  it: '{service} invierà i codici a un altro numero. Se non sei stato tu, contatta subito {service}.',
  nl: '{service} stuurt codes voortaan naar een ander nummer. Was jij dat niet? Neem meteen contact op met {service}.',
}
