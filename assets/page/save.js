// Runs in the head of the page: a file of text to take away, made here and nowhere else.
window.saveText = (name, text) => {
  const types = { csv: "text/csv", json: "application/json", vtt: "text/vtt" };
  const type = types[name.split(".").at(-1)] ?? "text/plain";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
};
