/**
 * `node:http` without its facade for ECMAScript modules. The facade reads every export, `WebSocket` and `MessageEvent` among them, and with
 * those Node loads its own fetch: 13 MiB of memory in which nothing is used. Types are imported from `node:http`.
 */
export const { Agent, createServer, IncomingMessage, maxHeaderSize, request, STATUS_CODES } =
  process.getBuiltinModule('node:http')
