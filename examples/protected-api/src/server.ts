import { buildApi } from './api.ts'

const { ISSUER: issuer, AUDIENCE: audience, PORT = '8080' } = process.env
// Without an audience, jose would accept tokens for other APIs.
if (!issuer || !audience) throw new Error('ISSUER and AUDIENCE must be set. For example: ISSUER=http://127.0.0.1:3000')

console.log(`The API answers at ${await buildApi({ issuer, audience }).listen({ port: Number(PORT) })}`)
