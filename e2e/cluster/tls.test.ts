import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

import { Consumer, Producer } from '@tsq/client'
import { makeCertificates, until, whyNoCertificates } from '@tsq/testing'

import { DaemonProcess } from './daemon-process.ts'
import { LOOPBACK } from './place.ts'

void test(
  'nsqd registers, asks for channels, and is found, with TLS all the way to nsqlookupd',
  { skip: whyNoCertificates() },
  async () => {
    const files = makeCertificates()
    const folder = mkdtempSync(path.join(tmpdir(), 'tsq-tls-'))
    const daemons: DaemonProcess[] = []
    const start = async (
      kind: 'nsqd' | 'nsqlookupd',
      flags: readonly string[],
    ): Promise<DaemonProcess> => {
      const daemon = await DaemonProcess.start({ kind, name: kind, place: LOOPBACK, flags })
      daemons.push(daemon)
      return daemon
    }
    try {
      const lookupd = await start('nsqlookupd', [
        '--https-address=127.0.0.1:0',
        `--tls-cert=${files.cert}`,
        `--tls-key=${files.key}`,
        `--tls-root-ca-file=${files.ca}`,
        '--tls-client-auth-policy=require-verify',
        '--tls-min-version=tls1.2',
      ])
      const tls = {
        ca: readFileSync(files.ca),
        cert: readFileSync(files.clientCert),
        key: readFileSync(files.clientKey),
      }
      const nsqd = await start('nsqd', [
        `--data-path=${folder}`,
        `--lookupd-tcp-address=${lookupd.tcpAddress}`,
        '--lookupd-tls',
        `--lookupd-tls-root-ca-file=${files.ca}`,
        `--lookupd-tls-cert=${files.clientCert}`,
        `--lookupd-tls-key=${files.clientKey}`,
      ])
      await using producer = new Producer({ nsqd: nsqd.tcpAddress })
      await producer.publish('orders', 'first')
      // The broker had to be asked for channels before it took this.
      assert.doesNotMatch(nsqd.output, /not found out/)
      await using consumer = new Consumer({
        topic: 'orders',
        channel: 'billing',
        lookupd: `https://127.0.0.1:${lookupd.httpsPort}`,
        lookupdTls: tls,
        lookupdPollIntervalMs: 100,
      })
      const received: string[] = []
      consumer.run((message) => {
        received.push(message.text())
      })
      await until('the message', () => received.includes('first'), { timeoutMs: 20_000 })

      // Plain HTTP is told where to go, and so is a nsqd without TLS.
      const answer = await fetch(`http://${lookupd.httpAddress}/ping`)
      assert.equal(answer.status, 403)
      const plainFolder = path.join(folder, 'plain')
      mkdirSync(plainFolder)
      const plain = await start('nsqd', [
        `--data-path=${plainFolder}`,
        `--lookupd-tcp-address=${lookupd.tcpAddress}`,
      ])
      await until('the refusal', () => plain.output.includes('E_INVALID TLS is required here'))
    } finally {
      await Promise.all(daemons.map((daemon) => daemon.end('SIGKILL')))
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
