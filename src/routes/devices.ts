import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { ACCOUNT_PROBLEMS, BODY_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, contextOf, type Route } from './route.ts'
import { answer, ClientAddress, ClientName, Id, Timestamp } from './schemas.ts'

const Device = Exactly(
  {
    id: Id('The id of the device.'),
    name: ClientName,
    address: ClientAddress,
    created_at: Timestamp('The time at which the device was remembered.'),
    last_used_at: Timestamp('The time of the last login with this device instead of a code.'),
    expires_at: Timestamp('The time until which the device is remembered.'),
  },
  { title: 'Device', description: 'A remembered device: a device that logs in without a code.' },
)

const EXAMPLE = {
  id: '5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69',
  name: 'Kitchen phone',
  address: '203.0.113.7',
  created_at: '2026-11-01T10:00:00.000Z',
  last_used_at: '2026-11-24T10:00:00.000Z',
  expires_at: '2026-12-01T10:00:00.000Z',
}

const DeviceList = Exactly(
  { devices: Type.Array(Device, { description: 'The devices, last used first.' }) },
  { title: 'DeviceList', description: 'The remembered devices of a user.', examples: [{ devices: [EXAMPLE] }] },
)

/** `GET /devices` lists remembered devices. `DELETE /devices` and `DELETE /devices/:id` forget all of them or one. */
export const devices: Route = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/devices',
    schema: {
      operationId: 'listDevices',
      tags: ['Device'],
      summary: 'List the remembered devices',
      description:
        'A device is remembered after `POST /verify` with `remember_device`. It then logs in with its device token instead of a code. Show users this list so that they can check and remove their devices.',
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
      description: 'All further logins require a code. Also ends the sessions that were opened by these devices.',
      security: [{ accessToken: [] }],
      response: {
        204: Type.Null({ description: 'All devices are forgotten.' }),
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
      description: 'Further logins on this device require a code. Also ends the sessions that this device opened.',
      security: [{ accessToken: [] }],
      params: Exactly({ id: Id('The `id` of the device in `GET /devices`.') }),
      response: {
        204: Type.Null({ description: 'The device is forgotten; its token is revoked.' }),
        ...problems(...BODY_PROBLEMS, 'not_found', ...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      await deps.signOut.device(await deps.authorize(bearerToken(request)), request.params.id, contextOf(request))
      return reply.code(204).send(null)
    },
  })
}
