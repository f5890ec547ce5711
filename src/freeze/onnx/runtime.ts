/** What of the ONNX Runtime packages is used: they share this interface. */
export interface OnnxRuntime {
  readonly env: { readonly versions: { readonly common: string }; readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OnnxTensorValue;
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: { readonly logSeverityLevel: 3 }): Promise<OnnxSession>;
  };
}

interface OnnxTensorValue {
  readonly data: ArrayLike<number>;
}

interface OnnxSession {
  run(feeds: Readonly<Record<string, OnnxTensorValue>>): Promise<Readonly<Record<string, OnnxTensorValue>>>;
  release(): Promise<void>;
}

/** The packages that run ONNX files here, the faster one first. Neither comes with this one. */
export const runtimePackages: readonly string[] = ['onnxruntime-node', 'onnxruntime-web'];

export interface FoundRuntime {
  /** Package and version. */
  readonly name: string;
  readonly runtime: OnnxRuntime;
}

/** The first of `packages` that loads, or why none does. */
export async function findRuntime(packages = runtimePackages): Promise<FoundRuntime | { readonly why: string }> {
  const reasons: string[] = [];
  for (const name of packages) {
    try {
      const runtime = (await import(name)) as OnnxRuntime;
      return { name: `${name} ${runtime.env.versions.common}`, runtime };
    } catch (error) {
      const isAbsent = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
      reasons.push(`${name} ${isAbsent ? 'is not installed' : `does not load (${(error as Error).message})`}`);
    }
  }
  return { why: reasons.join(', ') };
}
