/** A ustar archive with these members, for tests; `type` and `name` may be as hostile as wanted. */
export function tarOf(members: Record<string, Uint8Array>, types: Record<string, string> = {}): Buffer {
  const blocks = Object.entries(members).flatMap(([name, content]) => [
    header(name, content.length, types[name] ?? '0'),
    content,
    Buffer.alloc((512 - (content.length % 512)) % 512),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function header(name: string, bytes: number, type: string): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write('0000644\0', 100);
  block.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124);
  block.write(type, 156);
  block.write('ustar\0', 257);
  block.fill(' ', 148, 156);
  const sum = block.reduce((a, b) => a + b, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
