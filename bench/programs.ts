import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { preparedAnswers, UPSTREAM_KEY } from './cases.ts'
import { cores, hasProgram, readFirstLine, readOutput, startProcess } from './processes.ts'

/** How to run one of the two programs beside the measured one: compiled from C, or the slower TypeScript twin. */
export interface Program {
  readonly command: string
  readonly args: readonly string[]
}

/** What the load generator says about one round. Times in microseconds. */
export interface LoadResult {
  readonly completed: number
  readonly errors: number
  readonly firstError: string
  readonly seconds: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Compiles `bench/<name>.c` where there is a compiler, else names the TypeScript twin, loudly. */
export function prepareProgram(name: 'upstream' | 'load', directory: string, say: (line: string) => void): Program {
  if (!hasProgram('cc')) {
    say(`!! no C compiler (cc): the ${name} runs on Node and may itself be the bottleneck; compare CPU per call only`)
    return { command: process.execPath, args: [join(import.meta.dirname, 'without-compiler', `${name}.ts`)] }
  }
  const binary = join(directory, name)
  execFileSync('cc', ['-O2', '-o', binary, join(import.meta.dirname, `${name}.c`)], { stdio: 'inherit' })
  return { command: binary, args: [] }
}

/** Starts the upstream; resolves with its process and its port once it listens. */
export async function startUpstream(program: Program, directory: string) {
  const answers = preparedAnswers.flatMap((answer, index) => {
    const file = join(directory, `answer-${index}`)
    writeFileSync(file, answer.text)
    return [answer.needle, answer.contentType, file]
  })
  const upstream = startProcess(program.command, [...program.args, UPSTREAM_KEY, ...answers], { core: cores.upstream })
  return { process: upstream, port: Number(await readFirstLine(upstream)) }
}

/** Keeps `concurrency` connections busy for a while. `requestFile` holds a whole HTTP request, `bodyFile` the only right answer. */
export async function runLoad(
  program: Program,
  options: { port: number; concurrency: number; milliseconds: number; requestFile: string; bodyFile: string },
): Promise<LoadResult> {
  const { port, concurrency, milliseconds, requestFile, bodyFile } = options
  const args = [...program.args, String(port), String(concurrency), String(milliseconds), requestFile, bodyFile]
  return JSON.parse(await readOutput(startProcess(program.command, args, { core: cores.load }))) as LoadResult
}
