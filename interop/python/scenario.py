"""Runs the plan of interop/plan.ts through pynsq and prints what it saw as JSON."""

import argparse
import asyncio
import base64
import json
import logging
import sys
import time
from collections import Counter
from importlib.metadata import version
from urllib.parse import urlencode

import nsq
from tornado.httpclient import AsyncHTTPClient

# Clocks of two processes on one machine agree to the millisecond they are rounded to.
CLOCK_TOLERANCE_S = 0.002
MAX_OUTSTANDING_PUBLISHES = 16
MAX_ERRORS = 20


class ErrorLog(logging.Handler):
    """Collects pynsq's warnings and errors: an error frame has no other public way out of a Reader."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.refused = Counter()
        self.errors = []
        self.stopping = False

    def emit(self, record):
        text = record.getMessage()
        if 'E_FIN_FAILED' in text:
            # A reader's lines carry its name, and ours are named after their channel.
            self.refused[text.split(']')[0].rsplit(':', 1)[1]] += 1
        elif not self.stopping and len(self.errors) < MAX_ERRORS:
            self.errors.append(text)


class Channel:
    """Follows the plan for the deliveries of one channel, whichever of its consumers gets them."""

    def __init__(self, name, plan):
        self.name = name
        self.plan = plan
        self.messages = plan['messages']
        self.counts = Counter()
        self.ids = {}
        self.deliveries = Counter()
        self.finished = set()
        self.not_before = {}
        self.left = []
        self.readers = []

    def connect(self, topic, address, count):
        for _ in range(count):
            self.readers.append(nsq.Reader(
                topic=topic,
                channel=self.name,
                name=self.name,
                message_handler=self.handle,
                nsqd_tcp_addresses=[address],
                max_tries=0,
                max_in_flight=self.plan['maxInFlight'],
                msg_timeout=self.plan['msgTimeoutMs'] / 1000,
            ))

    def handle(self, message):
        message.enable_async()
        now = time.time()
        n = self.number_of(message.body)
        if n is None:
            self.counts['corrupt'] += 1
            message.finish()
            return None

        self.counts['received'] += 1
        self.deliveries[n] += 1
        is_first = self.deliveries[n] == 1
        if message.attempts != self.deliveries[n]:
            self.counts['wrongAttempts'] += 1
        if is_first:
            self.ids[n] = message.id
            self.not_before[n] = message.timestamp / 1e9 + self.messages[n]['deferMs'] / 1000
        elif self.ids[n] != message.id:
            self.counts['corrupt'] += 1
        if now + CLOCK_TOLERANCE_S < self.not_before[n]:
            self.counts['early'] += 1

        action = self.messages[n]['action'] if is_first else 'finish'
        if action == 'requeue':
            delay_ms = self.messages[n]['delayMs']
            self.counts['requeued'] += 1
            self.not_before[n] = now + delay_ms / 1000
            message.requeue(backoff=False, time_ms=delay_ms)
        elif action == 'leave':
            self.counts['left'] += 1
            self.left.append(message)
        elif action == 'touch':
            self.counts['touched'] += 1
            loop = asyncio.get_running_loop()
            for after_ms in self.plan['touchAfterMs']:
                loop.call_later(after_ms / 1000, message.touch)
            loop.call_later(self.plan['finishTouchedAfterMs'] / 1000, self.finish, n, message)
        else:
            self.finish(n, message)
        return None

    def number_of(self, body):
        text = body.split(b'\n', 1)[0]
        n = int(text) if text.isdigit() else -1
        if 0 <= n < len(self.messages) and self.messages[n]['bytes'] == body:
            return n
        return None

    def finish(self, n, message):
        message.finish()
        self.counts['finished'] += 1
        self.finished.add(n)

    def is_complete(self):
        return len(self.finished) == len(self.messages)

    def report(self, refused):
        names = ('received', 'finished', 'requeued', 'left', 'touched', 'corrupt', 'wrongAttempts', 'early')
        return {
            **{name: self.counts[name] for name in names},
            'distinctIds': len(set(self.ids.values())),
            'distinctBodies': len(self.finished),
            'refused': refused,
        }


def read_plan(path):
    with open(path, encoding='utf-8') as file:
        plan = json.load(file)
    for message in plan['messages']:
        message['bytes'] = base64.b64decode(message['body'])
        message['deferMs'] = 0
    for publication in plan['publications']:
        for n in range(publication['first'], publication['first'] + publication['count']):
            plan['messages'][n]['deferMs'] = publication['delayMs']
    return plan


async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)


async def publish(plan, topic, address):
    writer = nsq.Writer([address])
    await until(lambda: writer.conns)
    slots = asyncio.Semaphore(MAX_OUTSTANDING_PUBLISHES)
    published = {'PUB': 0, 'MPUB': 0, 'DPUB': 0}

    async def publish_one(publication):
        answer = asyncio.get_running_loop().create_future()

        def answered(_conn, data):
            answer.set_result(data)

        command, first = publication['command'], publication['first']
        bodies = [m['bytes'] for m in plan['messages'][first:first + publication['count']]]
        if command == 'PUB':
            writer.pub(topic, bodies[0], answered)
        elif command == 'MPUB':
            writer.mpub(topic, bodies, answered)
        elif command == 'DPUB':
            writer.dpub(topic, publication['delayMs'], bodies[0], answered)
        else:
            raise ValueError(f'the plan has an unknown command {command}')
        data = await answer
        if data != b'OK':
            raise RuntimeError(f'{command} answered {data!r}')
        published[command] += len(bodies)

    async def limited(publication):
        async with slots:
            await publish_one(publication)

    await asyncio.gather(*[limited(publication) for publication in plan['publications']])
    return published


async def count_held(http_address, topic):
    """How many messages nsqd still holds for the topic, in any state."""
    query = urlencode({'format': 'json', 'topic': topic})
    response = await AsyncHTTPClient().fetch(f'http://{http_address}/stats?{query}')
    held = 0
    for entry in json.loads(response.body)['topics']:
        held += entry['depth']
        for channel in entry['channels']:
            held += channel['depth'] + channel['in_flight_count'] + channel['deferred_count']
    return held


async def post(http_address, path, **values):
    url = f'http://{http_address}{path}?{urlencode(values)}'
    await AsyncHTTPClient().fetch(url, method='POST', body='')


async def run(plan, options, log):
    topic, tcp_address = options.topic, options.nsqd_tcp_address
    # Both channels must stand before the first publish: each is to get every message.
    await post(options.nsqd_http_address, '/topic/create', topic=topic)
    channels = []
    for planned in plan['channels']:
        name = planned['name']
        await post(options.nsqd_http_address, '/channel/create', topic=topic, channel=name)
        channel = Channel(name, plan)
        channel.connect(topic, tcp_address, planned['consumers'])
        channels.append(channel)

    published = await publish(plan, topic, tcp_address)
    await until(lambda: all(channel.is_complete() for channel in channels))
    while await count_held(options.nsqd_http_address, topic) > 0:
        await asyncio.sleep(0.05)

    # Finish the deliveries that were left to time out: nsqd must refuse each, without closing.
    for channel in channels:
        for message in channel.left:
            message.finish()
    await until(lambda: all(log.refused[c.name] >= c.counts['left'] for c in channels))
    log.stopping = True
    for channel in channels:
        for reader in channel.readers:
            reader.close()

    return {
        'client': 'pynsq',
        'version': version('pynsq'),
        'published': published,
        'channels': {c.name: c.report(log.refused[c.name]) for c in channels},
        'idMismatches': sum(
            c.ids.get(n) != id for c in channels for n, id in channels[0].ids.items()
        ),
        'errors': log.errors,
    }


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--nsqd-tcp-address', required=True)
    parser.add_argument('--nsqd-http-address', required=True)
    parser.add_argument('--topic', required=True)
    parser.add_argument('--plan', required=True, help='plan written by interop/plan.ts')
    parser.add_argument('--deadline', default='60s', help='give up after this long, such as 60s')
    options = parser.parse_args()

    log = ErrorLog()
    logging.getLogger('nsq').addHandler(log)
    logging.getLogger('nsq').propagate = False
    plan = read_plan(options.plan)
    try:
        deadline_s = float(options.deadline.removesuffix('s'))
        report = await asyncio.wait_for(run(plan, options, log), deadline_s)
    except asyncio.TimeoutError:
        sys.exit(f'pynsq scenario: not done after {options.deadline}; errors: {log.errors}')
    print(json.dumps(report))


asyncio.run(main())
