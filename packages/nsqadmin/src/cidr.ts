import { BlockList, isIP } from 'node:net'

/** A range of IP addresses, such as `127.0.0.1/8`. */
export class Cidr {
  readonly #range = new BlockList()
  readonly #family: 'ipv4' | 'ipv6'

  /** Undefined where the text is none. */
  static parse(text: string): Cidr | undefined {
    const match = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text)
    const [, address = '', bits = ''] = match ?? []
    const version = isIP(address)
    if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) return undefined
    return new Cidr(address, Number(bits), version === 4 ? 'ipv4' : 'ipv6')
  }

  private constructor(address: string, bits: number, family: 'ipv4' | 'ipv6') {
    this.#family = family
    this.#range.addSubnet(address, bits, family)
  }

  /** Whether an address is inside; undefined where the text is no address. */
  has(address: string): boolean | undefined {
    const version = isIP(address)
    if (version === 0) return undefined
    const family = version === 4 ? 'ipv4' : 'ipv6'
    return family === this.#family && this.#range.check(address, family)
  }
}
