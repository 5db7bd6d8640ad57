import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { ACCOUNT_PROBLEMS, BODY_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, contextOf, type Route } from './route.ts'
import { answer, Id, Moment, Nameable, PlaceOfUse } from './schemas.ts'

const Device = Exactly(
  {
    id: Id('Names the device.'),
    name: Nameable,
    address: PlaceOfUse,
    created_at: Moment('When it was remembered.'),
    last_used_at: Moment('When it stood in for a code last.'),
    expires_at: Moment('Until when it is remembered.'),
  },
  { title: 'Device', description: 'A device that stands in for a code.' },
)

const EXAMPLE = {
  id: '5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69',
  name: 'Telephone in the kitchen',
  address: '203.0.113.7',
  created_at: '2026-11-01T10:00:00.000Z',
  last_used_at: '2026-11-24T10:00:00.000Z',
  expires_at: '2026-12-01T10:00:00.000Z',
}

const DeviceList = Exactly(
  { devices: Type.Array(Device, { description: 'The last used first.' }) },
  { title: 'DeviceList', description: 'The remembered devices of a user.', examples: [{ devices: [EXAMPLE] }] },
)

/** `GET /devices`, `DELETE /devices` and `DELETE /devices/:id`: which devices stand in for a code, and an end to it. */
export const devices: Route = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/devices',
    schema: {
      operationId: 'listDevices',
      tags: ['Device'],
      summary: 'The remembered devices',
      description:
        'A device is remembered after `POST /verify` with `remember_device`; its token then stands in for codes. The list is for a page on which the user sees which ones do.',
      security: [{ accessToken: [] }],
      response: {
        200: answer('The devices, the last used first.', DeviceList),
        ...problems(...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request) => {
      const { account } = await deps.authorize(bearerToken(request))
      const known = await deps.devices.list(account.userId)
      return {
        devices: known.map((device) => ({
          id: device.deviceId,
          name: device.name,
          address: device.address,
          created_at: device.createdAt.toISOString(),
          last_used_at: device.lastUsedAt.toISOString(),
          expires_at: device.expiresAt.toISOString(),
        })),
      }
    },
  })

  app.route({
    method: 'DELETE',
    url: '/devices',
    schema: {
      operationId: 'forgetDevices',
      tags: ['Device'],
      summary: 'Forget all devices',
      description: 'Every login takes a code again. Also ends the sessions that the devices opened.',
      security: [{ accessToken: [] }],
      response: {
        204: Type.Null({ description: 'Every login takes a code.' }),
        ...problems(...BODY_PROBLEMS, ...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      await deps.signOut.devices(await deps.authorize(bearerToken(request)), contextOf(request))
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'DELETE',
    url: '/devices/:id',
    schema: {
      operationId: 'forgetDevice',
      tags: ['Device'],
      summary: 'Forget one device',
      description: 'Its logins take a code again. Also ends the sessions that it opened.',
      security: [{ accessToken: [] }],
      params: Exactly({ id: Id('As `GET /devices` has it.') }),
      response: {
        204: Type.Null({ description: 'Its token is worth nothing.' }),
        ...problems(...BODY_PROBLEMS, 'not_found', ...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      await deps.signOut.device(await deps.authorize(bearerToken(request)), request.params.id, contextOf(request))
      return reply.code(204).send(null)
    },
  })
}
