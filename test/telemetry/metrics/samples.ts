/** The values of a metric by their labels, without those that are 0 from the start. */
export function samplesOf(text: string, name: string): Record<string, number> {
  const samples = text.split('\n').flatMap((line) => {
    const [, found, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const isInitial = labels !== '' && value === '0';
    return found === name && !isInitial ? [[labels, Number(value)] as const] : [];
  });
  return Object.fromEntries(samples);
}
