// With a bundler or an import map this is `import { load } from 'gossamer/runtime'`.
import { load } from './gossamer/runtime.js';

const element = (id) => document.getElementById(id);
const picture = element('picture').getContext('2d', { willReadFrequently: true });
const ANSWERS = 3;

const model = await load('model.safetensors').catch((error) => {
  element('status').textContent = `The model cannot be used: ${error.message}`;
  throw error;
});
const { contract, engine, input, weightBytes } = model.facts;
const [height, width] = input;
element('status').textContent = `Ready: ${contract.labels.length} things to tell apart, pictures of ${width} x ${height}.`;
showFacts();

element('file').disabled = false;
element('file').addEventListener('change', async ({ target }) => {
  stopCamera();
  if (target.files.length === 0) return;
  try {
    const bitmap = await createImageBitmap(target.files[0]);
    await look(bitmap, bitmap.width, bitmap.height);
    bitmap.close();
  } catch (error) {
    element('status').textContent = `${target.files[0].name} cannot be used: ${error.message}`;
  }
});

let camera = null;
element('camera').disabled = !navigator.mediaDevices;
element('camera').addEventListener('click', () => (camera ? stopCamera() : startCamera()));

async function startCamera() {
  const video = document.createElement('video');
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
    video.srcObject = camera;
    await video.play();
  } catch (error) {
    stopCamera();
    element('status').textContent = `The camera cannot be used: ${error.message}`;
    return;
  }
  element('camera').textContent = 'Stop the camera';
  while (camera) {
    await look(video, video.videoWidth, video.videoHeight);
    await new Promise(requestAnimationFrame);
  }
}

function stopCamera() {
  for (const track of camera?.getTracks() ?? []) track.stop();
  camera = null;
  element('camera').textContent = 'Use the camera';
}

/** Shows the middle of an image, asks the model what it is, and shows the answer. */
async function look(image, imageWidth, imageHeight) {
  const scale = Math.min(imageWidth / width, imageHeight / height);
  const cut = [(imageWidth - width * scale) / 2, (imageHeight - height * scale) / 2, width * scale, height * scale];
  picture.drawImage(image, ...cut, 0, 0, picture.canvas.width, picture.canvas.height);
  const bitmap = await createImageBitmap(image);
  const start = performance.now();
  // Handed over instead of copied.
  const [best] = await model.classify(bitmap, { top: ANSWERS, transfer: [bitmap] });
  element('time').textContent = `Answered in ${(performance.now() - start).toFixed(1)} ms, in a worker.`;
  showAnswers(best);
}

function showAnswers(best) {
  element('answers').replaceChildren(
    ...best.map(({ name: label, score }) => {
      const item = document.createElement('li');
      const name = document.createElement('span');
      name.textContent = label;
      const meter = document.createElement('meter');
      meter.value = score;
      const percent = document.createElement('span');
      percent.className = 'share';
      percent.textContent = `${(100 * score).toFixed(1)} %`;
      item.append(name, meter, percent);
      return item;
    }),
  );
}

function showFacts() {
  const facts = [
    ['model', `${(weightBytes / 1024).toFixed(0)} KB of weights`],
    ['browser', engine.host],
    ['kernels', engine.build],
    ...engine.features.map(({ name, on, why }) => [name, `${on ? 'on' : 'off'}: ${why}`]),
  ];
  element('facts').replaceChildren(
    ...facts.flatMap(([term, text]) => {
      const name = document.createElement('dt');
      name.textContent = term;
      const value = document.createElement('dd');
      value.textContent = text;
      return [name, value];
    }),
  );
}
