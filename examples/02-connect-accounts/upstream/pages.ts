import type { AccountBook, Grant } from './account-book.ts'

const style =
  'body{font:16px/1.5 system-ui;max-width:44rem;margin:3rem auto;padding:0 1rem}code{overflow-wrap:anywhere}' +
  'td,th{text-align:left;padding:.3rem 1rem .3rem 0;vertical-align:top}button{font:inherit;padding:.3rem .8rem}form{display:inline}'

/** Asks which account an application may use. A real service would ask for a password first. */
export function renderAccountChoice(client: string, accounts: readonly { readonly name: string }[]): string {
  const buttons = accounts.map(({ name }) => `<button name="name" value="${escape(name)}">${escape(name)}</button>`)
  const refuse = '<button name="name" value="">none of them</button>'
  return page(`Which account may ${escape(client)} use?`, `<form method="post">${buttons.join(' ')} ${refuse}</form>`)
}

/** What each account has and whom it let in, with a button to change that behind everybody's back. */
export function renderHome(book: AccountBook): string {
  const accounts = book.accounts().map(({ name, key }) => {
    const notes = (book.notes(name) ?? []).map((note) => `${escape(note)}<br>`).join('')
    return `<tr><td>${escape(name)}</td><td>${notes}</td><td><code>${escape(key)}</code></td></tr>`
  })
  const grants = book.grants().map((grant) => renderGrant(grant, book.client(grant.client)?.name ?? ''))
  return page(
    'Notes',
    `<table><tr><th>Account</th><th>Notes</th><th>API key</th></tr>${accounts.join('')}</table>
     <h2>Applications with access</h2>
     <table><tr><th>Account</th><th>Application</th><th>Access token</th><th></th></tr>
     ${grants.join('') || '<tr><td colspan="4">none yet</td></tr>'}</table>`,
  )
}

export function renderError(message: string): string {
  return page('That does not work', `<p>${escape(message)}</p>`)
}

function renderGrant({ id, account, expiresAt, refreshed }: Grant, client: string): string {
  const rest = Math.max(0, Math.round((expiresAt - Date.now()) / 1000))
  const state = `${rest === 0 ? 'expired' : `ends in ${rest} s`}, refreshed ${refreshed} times`
  const button = (action: string) =>
    `<form method="post" action="/grants/${id}/${action}"><button>${action}</button></form>`
  return `<tr><td>${escape(account)}</td><td>${escape(client)}</td><td>${state}</td><td>${button('expire')} ${button('disconnect')}</td></tr>`
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>${style}</style><h1>${title}</h1>${body}</html>`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
