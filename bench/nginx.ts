import { execFileSync } from 'node:child_process'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UPSTREAM_KEY } from './cases.ts'
import { cores, hasProgram, startProcess } from './processes.ts'

/** The leanest fair proxy: upstream keep-alive, no access log, buffers that hold the largest answer, the same key added. */
const configure = (directory: string, port: number, upstreamPort: number) => `
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  keepalive_requests 1000000000;
  upstream bench {
    server 127.0.0.1:${upstreamPort};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://bench;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "";
      proxy_set_header X-Api-Key "${UPSTREAM_KEY}";
      proxy_buffer_size 16k;
      proxy_buffers 32 16k;
      proxy_max_temp_file_size 0;
    }
  }
}
`

/** Whether nginx is here; on Debian, as root, it is installed when it is not. */
export function ensureNginx(say: (line: string) => void): boolean {
  if (hasProgram('nginx')) return true
  if (process.getuid?.() !== 0 || !hasProgram('apt-get')) return false
  say('nginx is missing: apt-get install nginx-light')
  try {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore' })
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'nginx-light'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  } catch {
    return false
  }
  return hasProgram('nginx')
}

/** Starts nginx in front of the upstream, on the core of measured processes. */
export function startNginx(directory: string, port: number, upstreamPort: number) {
  const prefix = join(directory, 'nginx')
  mkdirSync(prefix, { recursive: true, mode: 0o755 })
  const file = join(prefix, 'nginx.conf')
  writeFileSync(file, configure(prefix, port, upstreamPort))
  const output = openSync(join(prefix, 'output.log'), 'a')
  return startProcess('nginx', ['-p', prefix, '-c', file, '-e', join(prefix, 'error.log')], {
    core: cores.measured,
    output,
  })
}
