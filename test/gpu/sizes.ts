/** Examples as software adapters have time for them. */
export const smaller: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'resnet18.cnn': { size: '32', classes: '10' },
  'squeezenet.cnn': { size: '64', classes: '10' },
  'mobilenet_v2.cnn': { size: '32', classes: '10' },
  'resnet20.cnn': { width: '4' },
};

/** What kernels are multiplied by, so that what a deep net gives still depends on what it is given. */
export const gains: Readonly<Record<string, number>> = { 'mobilenet_v2.cnn': 3, 'squeezenet.cnn': 1.5 };
