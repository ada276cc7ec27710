/** The pictures that a model takes, on a canvas. */
import type { Elements, PortInfo } from '../../runtime/types.ts';

export const isPicture = ({ dtype, shape }: PortInfo): boolean =>
  shape.length === 3 && (dtype === 'u8' || dtype === 'f32') && (shape[2] === 1 || shape[2] === 3);

/** Draws one picture, at one pixel of the canvas each. */
export function drawPicture(canvas: HTMLCanvasElement, values: Elements, { dtype, shape }: PortInfo): void {
  const [height = 1, width = 1, channels = 1] = shape;
  const image = new ImageData(width, height);
  const scale = dtype === 'f32' ? 255 : 1;
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++)
      image.data[4 * pixel + channel] =
        scale * (values[pixel * channels + (channels === 3 ? channel : 0)] as number);
    image.data[4 * pixel + 3] = 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}
