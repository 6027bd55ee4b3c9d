// Protocol sessions as text. `>` sends a line, `>>` bytes without a line's end, `> IDENTIFY` the body after it,
// `<` is an answer, `.` the end of the connection, `end` says that the peer sends no more.

import { IDENTITY } from './support/peer.ts'

const BODY = JSON.stringify(IDENTITY)
const LONG = 'n'.repeat(64)
const REPLY =
  '< {"broadcast_address":"lookupd.test","hostname":"HOSTNAME","http_port":HTTP_PORT,"tcp_port":TCP_PORT,"version":"1.3.0"}'
const IDENTIFY = `>>   V1\n> IDENTIFY ${BODY}\n${REPLY}`

function identifyWith(fields: Readonly<Record<string, unknown>>): string {
  return `>>   V1\n> IDENTIFY ${JSON.stringify({ ...IDENTITY, ...fields })}`
}

const BAD_BODY = '< E_BAD_BODY IDENTIFY failed to decode JSON body\n.'
const MISSING = '< E_BAD_BODY IDENTIFY missing fields\n.'

/** Behaviour to session. */
export const transcripts: Readonly<Record<string, string>> = {
  'a nsqd registers and pings': `
${IDENTIFY}
> REGISTER orders
< OK
> REGISTER orders ship
< OK
> PING
< OK
> UNREGISTER orders ship
< OK
> UNREGISTER orders
< OK
end
.`,
  'ping before identify is answered': `
>>   V1
> PING
< OK
${IDENTIFY.slice(IDENTIFY.indexOf('> IDENTIFY'))}
end
.`,
  'unknown names unregister well': `
${IDENTIFY}
> UNREGISTER never
< OK
> UNREGISTER never seen
< OK
end
.`,
  'space around a line does not count': `
${IDENTIFY}
>   PING\t
< OK
> REGISTER t\r
< OK
> REGISTER t c more words
< OK
> PING with words
< OK
end
.`,
  'two spaces make an empty topic': `
${IDENTIFY}
> REGISTER  t
< E_BAD_TOPIC REGISTER topic name '' is not valid
.`,
  'two spaces make an empty channel, which is none': `
${IDENTIFY}
> REGISTER t  c
< OK
end
.`,
  'names of 64 characters pass': `
${IDENTIFY}
> REGISTER ${LONG} ${LONG}
< OK
> REGISTER live#ephemeral tail#ephemeral
< OK
end
.`,
  'a topic of 65 characters': `
${IDENTIFY}
> REGISTER n${LONG}
< E_BAD_TOPIC REGISTER topic name 'n${LONG}' is not valid
.`,
  'a bad topic': `
${IDENTIFY}
> REGISTER to$pic
< E_BAD_TOPIC REGISTER topic name 'to$pic' is not valid
.`,
  'a bad topic to unregister': `
${IDENTIFY}
> UNREGISTER *
< E_BAD_TOPIC UNREGISTER topic name '*' is not valid
.`,
  'a bad channel': `
${IDENTIFY}
> REGISTER t c#other
< E_BAD_CHANNEL REGISTER channel name 'c#other' is not valid
.`,
  'a bad channel to unregister': `
${IDENTIFY}
> UNREGISTER t *
< E_BAD_CHANNEL UNREGISTER channel name '*' is not valid
.`,
  'bytes come back as they were': `
${IDENTIFY}
> REGISTER grüße
< E_BAD_TOPIC REGISTER topic name 'grüße' is not valid
.`,
  'no topic': `
${IDENTIFY}
> REGISTER 
< E_INVALID REGISTER insufficient number of params
.`,
  'no topic to unregister': `
${IDENTIFY}
> UNREGISTER
< E_INVALID UNREGISTER insufficient number of params
.`,
  'identify comes first, before anything about parameters': `
>>   V1
> REGISTER
< E_INVALID client must IDENTIFY
.`,
  'identify comes before unregister': `
>>   V1
> UNREGISTER t
< E_INVALID client must IDENTIFY
.`,
  'identify comes once': `
${IDENTIFY}
> IDENTIFY
< E_INVALID cannot IDENTIFY again
.`,
  'an unknown command': `
>>   V1
> NOP
< E_INVALID invalid command NOP
.`,
  'commands are in capitals': `
>>   V1
> ping
< E_INVALID invalid command ping
.`,
  'an empty line': `
>>   V1
> 
< E_INVALID invalid command 
.`,
  'nothing is obeyed after an error': `
${IDENTIFY}
> REGISTER first
> NOP
> REGISTER second
< OK
< E_INVALID invalid command NOP
.`,
  'pipelined commands are answered in order': `
${IDENTIFY}
> REGISTER a
> REGISTER b c
> PING
< OK
< OK
< OK
end
.`,
  'the wrong magic': `
>>   V2
< E_BAD_PROTOCOL
.`,
  'http on the wrong port': `
> GET / HTTP/1.1
< E_BAD_PROTOCOL
.`,
  'a magic cut short': `
>>   V
end
.`,
  'a line cut short': `
${IDENTIFY}
>> REGISTER ord
end
.`,
  'identify without a length': `
>>   V1
>> IDENTIFY\\n\\0\\0
end
< E_BAD_BODY IDENTIFY failed to read body size
.`,
  'identify with half a body': `
>>   V1
>> IDENTIFY\\n\\0\\0\\0\\x09{"a"
end
< E_BAD_BODY IDENTIFY failed to read body
.`,
  'identify with a negative length': `
>>   V1
>> IDENTIFY\\n\\xff\\xff\\xff\\xff
< E_BAD_BODY IDENTIFY failed to read body size
.`,
  'identify with a huge length': `
>>   V1
>> IDENTIFY\\n\\x7f\\xff\\xff\\xff
< E_BAD_BODY IDENTIFY failed to read body size
.`,
  'identify with an empty body': `>>   V1\n>> IDENTIFY\\n\\0\\0\\0\\0\n${BAD_BODY}`,
  'identify with garbage': `>>   V1\n> IDENTIFY {"tcp_port":\n${BAD_BODY}`,
  'identify with an array': `>>   V1\n> IDENTIFY []\n${BAD_BODY}`,
  'identify with a number': `>>   V1\n> IDENTIFY 1\n${BAD_BODY}`,
  'identify with null': `>>   V1\n> IDENTIFY null\n${MISSING}`,
  'a port as text': `${identifyWith({ tcp_port: '4150' })}\n${BAD_BODY}`,
  'a port with a fraction': `${identifyWith({ http_port: 1.5 })}\n${BAD_BODY}`,
  'a host that is a number': `${identifyWith({ broadcast_address: 7 })}\n${BAD_BODY}`,
  'a zone that is an object': `${identifyWith({ topology_zone: {} })}\n${BAD_BODY}`,
  'no port': `${identifyWith({ tcp_port: undefined })}\n${MISSING}`,
  'a port of zero': `${identifyWith({ http_port: 0 })}\n${MISSING}`,
  'an empty address': `${identifyWith({ broadcast_address: '' })}\n${MISSING}`,
  'no version': `${identifyWith({ version: null })}\n${MISSING}`,
  'a negative port': `${identifyWith({ tcp_port: -1 })}\n< E_BAD_BODY IDENTIFY tcp_port -1 is not a port\n.`,
  'a port beyond all ports': `${identifyWith({ http_port: 65_536 })}\n< E_BAD_BODY IDENTIFY http_port 65536 is not a port\n.`,
  'a hostname without end': `${identifyWith({ hostname: 'h'.repeat(1_025) })}\n< E_BAD_BODY IDENTIFY field too long 1025 > 1024\n.`,
  'what is not needed may be absent, what is unknown is ignored': `
${identifyWith({ hostname: undefined, topology_zone: undefined, shoe_size: 9 })}
${REPLY}
end
.`,
  'field names count in any case': `
>>   V1
> IDENTIFY {"BROADCAST_ADDRESS":"a","TCP_PORT":1,"Http_Port":2,"Version":"x"}
${REPLY}
end
.`,
}
