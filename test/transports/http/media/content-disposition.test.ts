import { expect, it } from 'vitest';
import { attachment } from '../../../../src/transports/http/media/content-disposition.ts';

it.each([
  ['cat', 'filename="cat.mp4"'],
  ['cat.MP4', 'filename="cat.mp4"'],
  ['a "quoted" name', 'filename="a quoted name.mp4"'],
  ['../../etc/passwd', 'filename="etc passwd.mp4"'],
  ['C:\\Windows\\cat', 'filename="C Windows cat.mp4"'],
  ['.hidden', 'filename="hidden.mp4"'],
  ['cat. . .', 'filename="cat.mp4"'],
  ['', 'filename="job.mp4"'],
  [' . ', 'filename="job.mp4"'],
  ['a\r\nx: y', 'filename="a x y.mp4"'],
  ['50% cat', 'filename="50_ cat.mp4"; filename*=UTF-8\'\'50%25%20cat.mp4'],
  ['Füchse (2)', 'filename="F_chse (2).mp4"; filename*=UTF-8\'\'F%C3%BCchse%20%282%29.mp4'],
  ['🦊', 'filename="__.mp4"; filename*=UTF-8\'\'%F0%9F%A6%8A.mp4'],
  ['cat\u{202e}4pm.exe', 'filename="cat 4pm.exe.mp4"'],
  ['\ud800', 'filename="_.mp4"; filename*=UTF-8\'\'%EF%BF%BD.mp4'],
])('the name %j is sent as %s', (name, expected) => {
  expect(attachment(name, 'job', '.mp4')).toBe(`attachment; ${expected}`);
});

it('a long name is cut, and not within a character', () => {
  const header = attachment('🦊'.repeat(500), 'job', '.mp4');
  expect(header).toContain(`${'%F0%9F%A6%8A'.repeat(100)}.mp4`);
  expect(header).not.toContain('%F0%9F%A6%8A'.repeat(101));
});
