// The real binary with its sandbox, brought up in a folder of its own and taken away again.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Starts `carbide demo` on free ports. Gives its addresses, the password of its people, and its end. */
export async function demo(binary) {
  const folder = path.join(mkdtempSync(path.join(os.tmpdir(), 'carbide-web-')), 'demo')
  const child = spawn(path.resolve(binary), ['demo', '--folder', folder, '--port', '0', '--web-port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = async () => {
    child.removeAllListeners('exit')
    if (child.exitCode === null) {
      child.kill('SIGINT')
      await new Promise(resolve => child.once('exit', resolve))
    }
    rmSync(path.dirname(folder), { recursive: true, force: true })
  }
  return new Promise((resolve, reject) => {
    let text = ''
    const late = setTimeout(() => reject(new Error(`the demo does not come up:\n${text}`)), 240_000)
    child.on('exit', code => reject(new Error(`the demo ended with ${code}:\n${text}`)))
    child.stdout.on('data', piece => {
      text += piece
      const url = /web page: (\S+)/.exec(text)?.[1]
      const password = /password ([0-9a-f]{24})/.exec(text)?.[1]
      if (url && password && text.includes('vera')) {
        clearTimeout(late)
        resolve({ folder, url, password, sandbox: /holds: (http\S+?)\/sandbox\/ledger/.exec(text)[1], stop })
      }
    })
  })
}
