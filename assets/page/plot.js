// The plot of the last minute. Runs in the head of the page; Plotly may come after it.
//
// window.livePlot(element, emotions, root) -> in the node `element`, with the colours of `root`:
//   add(reading)         one more point of every line
//   clear()              begin a new recording
//   draw(current)        what was added, with the line of the emotion `current` thick
//   onClick(handler)     called with the seconds of the reading that is clicked on
window.livePlot = (element, emotions, root) => {
  const WINDOW = 60; // seconds
  const EMPTY = {
    text: "The last minute appears here.",
    xref: "paper",
    yref: "paper",
    x: 0.5,
    y: 0.6,
    showarrow: false,
    font: { size: 14 },
  };

  let times = [];
  let shares = emotions.map(() => []);
  let zoom = null; // seconds that a person chose to look at; null follows the recording
  let current = null;
  let clicked = () => {};

  function add(reading) {
    times.push(reading.time);
    shares.forEach((line, index) => line.push(reading.probabilities[emotions[index].name] ?? null));
    // One more than fits, so that the lines leave the plot through its edge.
    while (times.length > 1 && times[1] < reading.time - WINDOW) {
      times.shift();
      for (const line of shares) line.shift();
    }
  }

  function clear() {
    times = [];
    zoom = null;
    shares = emotions.map(() => []);
  }

  function layout() {
    const style = getComputedStyle(root);
    const grid = style.getPropertyValue("--plot-grid").trim();
    const now = times.at(-1) ?? 0;
    return {
      uirevision: "live",
      autosize: true,
      margin: { l: 50, r: 12, t: 8, b: 40 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: style.fontFamily, size: 12, color: style.getPropertyValue("--plot-text").trim() },
      showlegend: false,
      annotations: times.length ? [] : [EMPTY],
      hovermode: "x unified",
      hoverlabel: { bgcolor: style.getPropertyValue("--panel").trim(), bordercolor: grid },
      xaxis: {
        range: zoom ?? [Math.max(0, now - WINDOW), Math.max(WINDOW, now)],
        ticksuffix: " s",
        ticklabelstandoff: 8,
        gridcolor: grid,
        zeroline: false,
        hoverformat: ".1f",
      },
      yaxis: {
        range: [0, 1.02],
        tickvals: [0, 0.5, 1],
        tickformat: ".0%",
        ticklabelstandoff: 6,
        gridcolor: grid,
        zeroline: false,
        fixedrange: true,
      },
    };
  }

  function draw(emotion = current) {
    current = emotion;
    if (!window.Plotly) return;
    const traces = emotions.map(({ name, symbol, colour }, index) => ({
      x: times.slice(),
      y: shares[index].slice(),
      name: `${symbol} ${name}`,
      mode: "lines",
      connectgaps: false,
      line: { color: colour, width: name === current ? 4 : 2, shape: "spline", smoothing: 0.5 },
      hovertemplate: "%{y:.0%}",
    }));
    Plotly.react(element, traces, layout(), { displayModeBar: false, doubleClick: false });
  }

  function begin() {
    draw();
    // A range that is passed anew with every reading would undo a zoom, whatever `uirevision` says.
    element.on("plotly_relayout", (change) => {
      if ("xaxis.range[0]" in change) zoom = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    });
    element.on("plotly_doubleclick", () => {
      zoom = null;
      draw();
    });
    element.on("plotly_click", ({ points }) => clicked(points[0].x));
    // Light and dark are a class of the body.
    new MutationObserver(() => draw()).observe(document.body, { attributeFilter: ["class"] });
    new ResizeObserver(() => element.offsetParent && Plotly.Plots.resize(element)).observe(element);
  }

  // Plotly is large: the rest of the panel does not wait for it.
  if (window.Plotly) begin();
  else document.querySelector("#plotly").addEventListener("load", begin);

  return {
    add,
    clear,
    draw,
    onClick: (handler) => {
      clicked = handler;
    },
  };
};
