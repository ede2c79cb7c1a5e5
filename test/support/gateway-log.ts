import { inspect } from 'node:util';

/** A log that keeps what it was told, in the forms that Yoga and pino use. */
export class GatewayLog {
  readonly errors: string[] = [];
  readonly infos: { readonly details: object; readonly message: string }[] = [];

  readonly debug = (): void => {};
  readonly info = (details: object, message = ''): void => {
    this.infos.push({ details, message });
  };
  readonly warn = (): void => {};
  readonly error = (...details: unknown[]): void => {
    this.errors.push(details.map((detail) => inspect(detail, { depth: 8 })).join(' '));
  };
}
