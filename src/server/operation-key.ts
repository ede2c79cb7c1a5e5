/** Tells operations of documents apart. No two have the same key, whatever their texts hold. */
export function operationKey(text: string, operationName: string | null | undefined): string {
  return operationName == null ? `- ${text}` : `${operationName.length} ${operationName}${text}`;
}
