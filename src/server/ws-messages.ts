import { MessageType, parseMessage } from 'graphql-ws';

/** How a `next` message begins, as graphql-ws writes it. */
const NEXT = /^\{"id":"(?:[^"\\]|\\.)*","type":"next",/;

/** Whether a message that graphql-ws wrote is of type `next`. */
export function isNext(text: string): boolean {
  return NEXT.test(text);
}

/** Whether a message that graphql-ws could read is of a type that only servers send, at which it throws. */
export function isServersOwn(text: string): boolean {
  const { type } = parseMessage(text);
  return type === MessageType.ConnectionAck || type === MessageType.Next || type === MessageType.Error;
}
