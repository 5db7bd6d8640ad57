import { PROBLEM_CODES, PROBLEMS } from '../src/errors.ts'
import { membersOf } from '../src/problem-members.ts'
import { PROBLEM_TEXTS } from '../src/routes/problems/texts.ts'

const INTRODUCTION = `# Problems

Every error response is an \`application/problem+json\` (RFC 9457). Switch on its \`code\`; codes are never renamed.
Its \`type\` is the URL of a page with the same texts. This file is generated: \`npm run openapi\`.

Each quote is a message that you can show to users unchanged. \`GET /problems/{code}\` returns it as \`user\`.
`

/** Returns the guide to all problems as Markdown, in the order of the catalog. */
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
