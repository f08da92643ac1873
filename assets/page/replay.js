// The sound of a recording, kept in this page and nowhere else, to be played again. Runs in the head
// of the page.
//
// new window.RecordedSound():
//   add(file)      a Blob: the next half second, a WAV file with 16-bit PCM behind a header of 44 bytes
//   seconds        of sound so far
//   file()         all of it, a Blob with a WAV file; null without sound
window.RecordedSound = class {
  #HEADER = 44; // bytes
  #header = null; // of the first file, an ArrayBuffer, once it has been read
  #pieces = [];
  #bytes = 0;

  async add(file) {
    this.#pieces.push(file.slice(this.#HEADER));
    this.#bytes += file.size - this.#HEADER;
    this.#header ??= await file.slice(0, this.#HEADER).arrayBuffer();
  }

  get seconds() {
    if (!this.#header) return 0;
    const bytesPerSecond = new DataView(this.#header).getUint32(28, true);
    return this.#bytes / bytesPerSecond;
  }

  file() {
    if (!this.#header) return null;
    const header = this.#header.slice(0);
    const view = new DataView(header);
    view.setUint32(4, this.#HEADER - 8 + this.#bytes, true);
    view.setUint32(40, this.#bytes, true);
    return new Blob([header, ...this.#pieces], { type: "audio/wav" });
  }
};
