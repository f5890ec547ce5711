import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { packed } from '../../src/freeze/freeze.js';
import { frozenLayers } from '../../src/freeze/index.js';
import { trace } from '../../src/freeze/trace.js';
import { createModel } from '../../src/models/index.js';
import { renderGraph } from '../../src/report/graph-drawing.js';
import { boxHeight, boxWidth, layOutGraph, type Point } from '../../src/report/graph-layout.js';
import { Rng } from '../../src/tensor/rng.js';
import { expectXml } from './xml.js';

const engine = await createEngine({ threads: 1 });

function graphOf(name: string, options: Record<string, unknown>, input: readonly number[]) {
  const model = createModel(name as string, { engine, ...options });
  model.setProgress(1);
  model.eval();
  const packing = packed(trace(model, input), model, engine);
  model.dispose();
  return packing;
}

const networks = [
  ['ftbnn-tiny', {}, [28, 28, 1]],
  ['bireal18', { widths: [8, 8, 16, 16] }, [32, 32, 3]],
  ['resnet20', {}, [16, 16, 3]],
  ['dyresnet18', { widths: [16, 16, 32, 32] }, [32, 32, 3]],
  ['dydensenet', { stages: [4, 4, 4], growth: [8, 8, 8] }, [16, 16, 3]],
  ['cdcnpp', { mapSize: 4 }, [32, 32, 3]],
] as const;

/** Any graph: each box reads one to three boxes before it. */
function randomGraph(seed: number): number[][] {
  const rng = new Rng(seed);
  return Array.from({ length: 2 + rng.integer(60) }, (_, i) =>
    i === 0
      ? []
      : Array.from({ length: 1 + rng.integer(3) }, () => Math.max(0, i - 1 - rng.integer(rng.integer(2) === 0 ? 2 : 12))),
  );
}

const graphs: readonly (readonly [string, readonly (readonly number[])[]])[] = [
  ...networks.map(([name, options, input]) => {
    const { graph } = graphOf(name, options, input);
    return [name, [[], ...graph.steps.map(({ inputs }) => inputs), [graph.output]]] as const;
  }),
  ...Array.from({ length: 40 }, (_, seed) => [`random ${seed}`, randomGraph(seed)] as const),
];

describe('the layout of a graph', () => {
  it.each(graphs)('%s: boxes lie apart, and lines join every box to those that it reads, past all others', (_name, inputs) => {
    const { boxes, lines, width, height } = layOutGraph(inputs);
    expect(boxes).toHaveLength(inputs.length);
    const apart = (a: Point, b: Point) => Math.abs(a.x - b.x) > boxWidth || Math.abs(a.y - b.y) > boxHeight;
    for (const [i, box] of boxes.entries()) {
      expect(box.x >= 0 && box.y >= 0 && box.x + boxWidth <= width && box.y + boxHeight <= height).toBe(true);
      for (const other of boxes.slice(0, i)) expect(apart(box, other)).toBe(true);
    }
    const wanted = inputs.flatMap((read, to) => [...new Set(read)].map((from) => `${from} ${to}`));
    expect(lines.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(wanted.sort());
    for (const { from, to, points } of lines) {
      expect(isOnEdge(points[0]!, boxes[from]!) && isOnEdge(points.at(-1)!, boxes[to]!)).toBe(true);
      for (let i = 1; i < points.length; i++) {
        const [a, b] = [points[i - 1]!, points[i]!];
        expect(a.x === b.x || a.y === b.y).toBe(true);
        expect(Math.max(a.x, b.x) < width && Math.max(a.y, b.y) < height && Math.min(a.x, b.x, a.y, b.y) > 0).toBe(true);
        const crossed = boxes.findIndex((box) => goesThrough(a, b, box));
        expect(crossed, `line ${from} to ${to}`).toBe(-1);
      }
    }
  });

  it('puts what is long into columns', () => {
    const chain = Array.from({ length: 60 }, (_, i) => (i === 0 ? [] : [i - 1]));
    const { boxes, width, height } = layOutGraph(chain);
    expect(new Set(boxes.map(({ column }) => column)).size).toBeGreaterThan(2);
    expect(width / height).toBeGreaterThan(0.8);
    expect(width / height).toBeLessThan(2.5);
  });

  it('lets no two lines of different boxes lie on one another', () => {
    for (const [name, inputs] of graphs) {
      const { lines } = layOutGraph(inputs);
      const uprights = lines.flatMap(({ from, points }) =>
        points
          .slice(1)
          .flatMap((b, i) =>
            points[i]!.x === b.x ? [{ from, x: b.x, low: Math.min(points[i]!.y, b.y), high: Math.max(points[i]!.y, b.y) }] : [],
          ),
      );
      for (const [i, a] of uprights.entries()) {
        const b = uprights.slice(0, i).find((b) => b.from !== a.from && b.x === a.x && b.low < a.high && b.high > a.low);
        expect(b, name).toBeUndefined();
      }
    }
  });
});

describe('the picture of a graph', () => {
  it.each(networks)('of %s is XML with a box for every step, and the same each time', (name, options, input) => {
    const { graph, tensors } = graphOf(name, options, input);
    const layers = frozenLayers({ graph, tensors });
    const svg = renderGraph(graph, layers, `a <model> & "more"\u0000`);
    expectXml(svg);
    expect(svg).toContain('a &lt;model&gt; &amp; &quot;more&quot;\ufffd');
    const labels = [...svg.matchAll(/<g><title>(.*?)<\/title>/g)].map(([, label]) => label!);
    expect(labels).toHaveLength(graph.steps.length + 2);
    for (const [i, { layer, output }] of layers.entries()) {
      expect(labels[i + 1]!.startsWith(layer)).toBe(true);
      expect(labels[i + 1]).toContain(output.join('x'));
    }
    expect(renderGraph(graph, layers, `a <model> & "more"\u0000`)).toBe(svg);
  });

  it('tells bits from floats, of weights and of values', () => {
    const { graph, tensors } = graphOf('ftbnn-tiny', {}, [28, 28, 1]);
    const svg = renderGraph(graph, frozenLayers({ graph, tensors }), 'x');
    const packedSteps = graph.steps.filter(({ operator }) => operator === 'binaryConvolution').length;
    // The legend has one of each as well.
    expect(svg.match(/<rect [^>]*fill="#ddf0ff"/g)).toHaveLength(packedSteps + 1);
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(packedSteps + 1);
    expect(svg).toContain('prefers-color-scheme:dark');
  });
});

function isOnEdge({ x, y }: Point, box: Point): boolean {
  const [dx, dy] = [x - box.x, y - box.y];
  return (dx === boxWidth && dy > 0 && dy < boxHeight) || ((dy === 0 || dy === boxHeight) && dx > 0 && dx < boxWidth);
}

function goesThrough(a: Point, b: Point, box: Point): boolean {
  const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
  const [low, high] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
  return right > box.x && left < box.x + boxWidth && high > box.y && low < box.y + boxHeight;
}
