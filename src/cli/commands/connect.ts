import { Command } from 'commander'

/** `sallyport connect`: a person connects an upstream from their own computer. */
export function connectCommand(): Command {
  return new Command('connect')
    .description('Connect your account at an upstream that sends people back only to their own computer.')
    .argument('<gateway-url>', 'The gateway, with its base path if it has one.')
    .argument('<upstream>', 'Id of the upstream, as the page of your connections shows it.')
    .option('--no-open', 'Only print the address; open it yourself.')
    .addHelpText(
      'after',
      '\nOpens a page of the gateway, where you sign in and confirm. The answer of the upstream passes through this command back to the gateway;\nno token is kept here. Use it where connecting in the browser fails because the upstream does not accept the address of your gateway.\n\nExamples:\n  $ sallyport connect https://mcp.example.com linear',
    )
    .action(async (gateway: string, upstream: string, options) => {
      await (await import('../connect-from-here.ts')).connectFromHere(gateway, upstream, options)
    })
}
