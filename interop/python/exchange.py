"""Sends messages through one nsqd and back, over a connection with TLS, compression or sampling as asked
for, and prints what it saw as JSON. See interop/exchange.ts."""

import argparse
import asyncio
import json
import logging
import sys

import nsq
from tornado.httpclient import AsyncHTTPClient


def body(n, large):
    """A number and, so that a byte in the wrong place shows, bytes that hardly repeat."""
    size = large if n % 50 == 7 else n % 400
    return b'%d\n' % n + bytes((i * i + n) % 251 for i in range(size))


async def channel_stats(options):
    url = f'http://{options.nsqd_http_address}/stats?format=json&topic={options.topic}'
    response = await AsyncHTTPClient().fetch(url)
    topics = json.loads(response.body)['topics']
    if not topics or not topics[0]['channels']:
        return None
    return topics[0]['channels'][0]


async def run(options):
    upgrades = {}
    if options.tls_ca:
        upgrades.update(tls_v1=True, tls_options={'ca_certs': options.tls_ca})
    if options.deflate:
        upgrades.update(deflate=True, deflate_level=options.deflate)
    if options.snappy:
        upgrades.update(snappy=True)

    if options.auth_secret:
        upgrades.update(auth_secret=options.auth_secret)

    report = {'received': 0, 'corrupt': 0}
    seen = set()
    bodies = [body(n, options.large_bytes) for n in range(options.messages)]

    def handle(message):
        report['received'] += 1
        number = message.body.split(b'\n', 1)[0]
        n = int(number) if number.isdigit() else -1
        if 0 <= n < len(bodies) and bodies[n] == message.body:
            seen.add(n)
        else:
            report['corrupt'] += 1
        return True

    sampling = {'sample_rate': options.sample_rate} if options.sample_rate else {}
    reader = nsq.Reader(
        topic=options.topic,
        channel='exchange',
        message_handler=handle,
        nsqd_tcp_addresses=[options.nsqd_tcp_address],
        max_in_flight=200,
        **sampling,
        **upgrades,
    )
    writer = nsq.Writer([options.nsqd_tcp_address], **upgrades)
    while await channel_stats(options) is None or not writer.conns:
        await asyncio.sleep(0.02)
    for each in bodies:
        answer = asyncio.get_running_loop().create_future()
        writer.pub(options.topic, each, lambda _conn, data, answer=answer: answer.set_result(data))
        data = await answer
        if data != b'OK':
            raise RuntimeError(f'PUB answered {data!r}')
    while True:
        channel = await channel_stats(options)
        waiting = channel['depth'] + channel['in_flight_count']
        if channel['message_count'] == options.messages and waiting == 0:
            break
        await asyncio.sleep(0.05)
    reader.close()
    return {**report, 'distinct': len(seen), 'connections': channel['clients']}


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--nsqd-tcp-address', required=True)
    parser.add_argument('--nsqd-http-address', required=True)
    parser.add_argument('--topic', required=True)
    parser.add_argument('--messages', type=int, required=True)
    parser.add_argument('--large-bytes', type=int, required=True)
    parser.add_argument('--tls-ca')
    parser.add_argument('--deflate', type=int)
    parser.add_argument('--snappy', action='store_true')
    parser.add_argument('--sample-rate', type=int)
    parser.add_argument('--auth-secret')
    options = parser.parse_args()
    logging.getLogger('nsq').setLevel(logging.WARNING)
    logging.basicConfig()
    try:
        report = await asyncio.wait_for(run(options), 30)
    except asyncio.TimeoutError:
        sys.exit('pynsq exchange: not done after 30 s')
    print(json.dumps(report))


asyncio.run(main())
