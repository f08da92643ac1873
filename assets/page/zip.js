// Runs in the head of the page: one file out of a zip archive that was chosen here, for the player.
//
// window.fromZip(archive, name)   a promise of a Blob, or of null where the archive has no such file
window.fromZip = async (archive, name) => {
  const END = 0x06054b50; // signatures of the format's records (PKWARE APPNOTE 4.3)
  const ENTRY = 0x02014b50;
  const LONGEST_END = 65557; // bytes: the end record with the longest comment

  const view = async (from, to) => new DataView(await archive.slice(from, to).arrayBuffer());
  const tail = await view(Math.max(0, archive.size - LONGEST_END), archive.size);
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) return null;

  const start = tail.getUint32(end + 16, true);
  const directory = await view(start, start + tail.getUint32(end + 12, true));
  const text = new TextDecoder();
  for (let at = 0; at + 46 <= directory.byteLength; ) {
    if (directory.getUint32(at, true) !== ENTRY) return null;
    const [lengthOfName, extra, comment] = [28, 30, 32].map((by) => directory.getUint16(at + by, true));
    const bytes = new Uint8Array(directory.buffer, at + 46, lengthOfName);
    if (text.decode(bytes) === name) {
      const method = directory.getUint16(at + 10, true);
      const size = directory.getUint32(at + 20, true);
      const offset = directory.getUint32(at + 42, true);
      const local = await view(offset + 26, offset + 30);
      const data = offset + 30 + local.getUint16(0, true) + local.getUint16(2, true);
      const packed = archive.slice(data, data + size);
      if (method === 0) return packed;
      if (method !== 8) return null;
      const unpacked = packed.stream().pipeThrough(new DecompressionStream("deflate-raw"));
      return new Response(unpacked).blob();
    }
    at += 46 + lengthOfName + extra + comment;
  }
  return null;
};
