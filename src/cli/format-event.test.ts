import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { newEvent } from '../analytics/event.ts'
import { formatEvent } from './format-event.ts'

it('what clients send cannot colour, hide or turn around a line of the terminal', () => {
  const event = newEvent('mcp_request_rejected', 0, 'r')
  event.method = 'a\u001b[8mhidden'
  event.capability = 'b\u009b2J\u202etxt.exe'
  event.clientName = 'c\r\nd\u2028'
  event.detail = 'e\u001b]0;title\u0007'
  event.reason = 'capability_not_allowed'
  const line = formatEvent(event, new PassThrough())
  expect(line.replace(/ +/g, ' ')).toMatch(
    /^mcp_request_rejected a\?\[8mhidden b\?2J\?txt\.exe capability_not_allowed /,
  )
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
})

it('an event of a connection says at which upstream', () => {
  const event = newEvent('auth_upstream_connected', 0, 'r')
  event.upstream = 'notes.example'
  event.subject = 'ada'
  expect(formatEvent(event, new PassThrough())).toBe('auth_upstream_connected  at notes.example  success  for ada')
})
