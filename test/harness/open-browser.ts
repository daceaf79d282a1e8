// The "browser" of clients that open one: signs in and follows the redirect back to the client.
import { request } from 'node:http'
import { completeSignIn } from './browser-login.ts'

const authorizationUrl = process.argv[2]
if (!authorizationUrl) throw new Error('Usage: open-browser.ts <authorization URL>')
const subject = process.env['TEST_SIGN_IN_SUBJECT'] || 'ada'
const callback = await completeSignIn(authorizationUrl, { subject })
request(callback, (response) => response.resume()).end()
