// What the client's guides use of frameworks that are not installed here.

declare module '@nestjs/common' {
  export function Controller(): ClassDecorator
}

declare module '@nestjs/core' {
  export const NestFactory: {
    createMicroservice(
      module: unknown,
      options: { strategy: unknown },
    ): Promise<{ enableShutdownHooks(): void; listen(): Promise<void> }>
  }
}

declare module '@nestjs/microservices' {
  import type { Observable } from 'rxjs'

  export function EventPattern(pattern: string): MethodDecorator
  export interface CustomTransportStrategy {
    listen(callback: () => void): void
    close(): unknown
  }
  export abstract class Server {
    protected readonly messageHandlers: Map<
      string,
      (data: unknown, context: unknown) => Promise<unknown>
    >
    protected readonly logger: { warn(text: string): void }
    transformToObservable(value: unknown): Observable
  }
}

declare module 'rxjs' {
  export interface Observable {
    subscribe(): void
  }
  export function lastValueFrom(
    from: Observable,
    options: { defaultValue: unknown },
  ): Promise<unknown>
}
