import { designTokens, listColorProperties } from '../../lib/design-tokens.ts'

/** The style of every page that a person meets; its hash is in the content security policy. */
export const pageStyle = `
:root{color-scheme:light dark;${listDeclarations('light')}}
@media (prefers-color-scheme:dark){:root{${listDeclarations('dark')}}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px 16px;background:var(--bg);color:var(--ink);font:15px/1.5 ${designTokens.fonts.text};-webkit-font-smoothing:antialiased}
main{width:100%;max-width:460px;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:28px;box-shadow:0 8px 30px var(--shadow)}
main:has(.entry){max-width:640px}
header{display:flex;align-items:center;gap:10px;margin-bottom:20px;font-weight:600;letter-spacing:-.005em}
.mark{width:20px;height:20px;border-radius:6px;background:var(--accent);box-shadow:inset 0 0 0 5.5px var(--accent),inset 0 0 0 8px var(--on-accent)}
h1,h2{overflow-wrap:anywhere}
h2{font-size:1.05rem;line-height:1.3;margin:0}
h1{font-size:1.25rem;line-height:1.3;letter-spacing:-.01em;margin:0 0 8px;text-wrap:balance;overflow-wrap:anywhere}
p{margin:0 0 14px}
.soft{color:var(--soft)}
.small{font-size:.875rem}
dl{margin:18px 0;border:1px solid var(--line);border-radius:10px;overflow:hidden}
dl>div{padding:11px 14px}
dl>div+div{border-top:1px solid var(--line)}
dt{font-size:.8125rem;color:var(--soft)}
dd{margin:1px 0 0;overflow-wrap:anywhere}
code{font:.875em ${designTokens.fonts.code};overflow-wrap:anywhere}
ul{margin:8px 0 18px;padding-left:20px}
li{margin:3px 0}
.note{border:1px solid var(--warn-line);background:var(--warn-bg);color:var(--warn-ink);border-radius:8px;padding:11px 14px;margin:0 0 16px;font-size:.9rem}
.note.good{border-color:var(--good);background:transparent;color:inherit}
.error{color:var(--bad);font-size:.9rem;margin:6px 0 12px}
label{display:block;font-weight:600;margin:4px 0 6px}
input[type=text],input[type=password]{width:100%;padding:10px 12px;border:1px solid var(--edge);border-radius:8px;background:transparent;color:inherit;font:inherit}
.actions{display:flex;gap:10px;margin-top:18px}
.actions form,.actions button{flex:1}
button{width:100%;padding:10px 16px;border-radius:8px;border:1px solid var(--edge);background:transparent;color:inherit;font:inherit;font-weight:600;cursor:pointer}
a{color:var(--accent)}
a.button{display:block;flex:1;padding:10px 16px;border-radius:8px;border:1px solid var(--edge);color:inherit;font-weight:600;text-align:center;text-decoration:none}
a.button:hover{filter:brightness(1.06)}
a.primary,button.primary{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
button.link{width:auto;padding:0;border:0;font-weight:400;color:var(--accent);text-decoration:underline}
button:hover{filter:brightness(1.06)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.entry{border-top:1px solid var(--line);margin-top:20px;padding-top:20px}
.entry>header{justify-content:space-between;align-items:baseline;margin:0 0 6px;flex-wrap:wrap}
.entry p{margin:0}
.entry dl{margin:14px 0 0}
.state{display:inline-flex;align-items:center;gap:6px;font-size:.8125rem;font-weight:500;border-radius:999px;padding:2px 10px 2px 9px;color:var(--soft);background:var(--sunk)}
.state::before{content:"";width:6px;height:6px;border-radius:50%;background:currentColor}
.state.good{color:var(--good);background:var(--good-bg)}
.state.attention{color:var(--warn-ink);background:var(--warn-bg)}
footer{margin-top:20px;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:.8125rem}
@media (max-width:420px){main{padding:22px 18px}.actions{flex-direction:column-reverse}}
`

function listDeclarations(scheme: 'light' | 'dark'): string {
  return Object.entries(listColorProperties(scheme))
    .map(([name, value]) => `${name}:${value}`)
    .join(';')
}
