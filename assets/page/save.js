// Runs in the head of the page: a file to take away, made here and nowhere else.
window.saveFile = (name, content) => {
  const types = { csv: "text/csv", json: "application/json", vtt: "text/vtt", wav: "audio/wav" };
  const type = types[name.split(".").at(-1)] ?? "text/plain";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
};
