import { PROBLEM_CODES, PROBLEMS } from '../src/errors.ts'
import { membersOf } from '../src/problem-members.ts'
import { PROBLEM_TEXTS } from '../src/routes/problems/texts.ts'

const INTRODUCTION = `# Problems

Everything that is not a success is an \`application/problem+json\` (RFC 9457). Switch on its \`code\`; codes are never renamed.
Its \`type\` is the address of a page with what stands here. This file is made of the same texts: \`npm run openapi\`.

The sentence in the quote can be shown to users as it is; \`GET /problems/{code}\` answers it as \`user\`.
`

/** The guide to all problems as Markdown, in the order of the catalogue. */
export const describeProblems = (): string => {
  const parts = PROBLEM_CODES.map((code) => {
    const { status, title } = PROBLEMS[code]
    const { happened, user, developer } = PROBLEM_TEXTS[code]
    const members = membersOf(code).map(
      ({ sentAs, schema, isAlwaysThere }) =>
        `- \`${sentAs}\`${isAlwaysThere ? '' : ' (optional)'}: ${schema.description}\n`,
    )
    const list = members.length > 0 ? `\nMembers:\n\n${members.join('')}` : ''
    return `## \`${code}\`\n\n${status} · ${title}\n\n${happened}\n\n> ${user}\n\n${developer}\n${list}`
  })
  return [INTRODUCTION, ...parts].join('\n')
}
