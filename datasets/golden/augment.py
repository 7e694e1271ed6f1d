"""Golden values of `ssl_data::augment`: every step with fixed parameters, from torchvision on `float` tensors."""

import torch
import torchvision.transforms.v2.functional as T
from torchvision.transforms import functional as V

from golden import Golden

torch.manual_seed(5)
golden = Golden(__file__)

image = torch.randint(0, 256, (3, 20, 24), dtype=torch.uint8)
# Gray, black, white and pure colors, where hue and saturation have their special cases.
image[:, 0, :8] = torch.tensor(
    [[0, 255, 128, 255, 0, 0, 255, 255], [0, 255, 128, 0, 255, 0, 255, 0], [0, 255, 128, 0, 0, 255, 0, 255]]
).byte()
floats = image.float() / 255

# Boxes (top, left, height, width) that are enlarged, kept, shrunk, and shrunk along one axis only.
for number, box in enumerate([(3, 5, 6, 7), (2, 1, 16, 16), (0, 0, 20, 24), (4, 2, 5, 22), (9, 9, 1, 1)]):
    view = V.resized_crop(floats, *box, [16, 16], antialias=True)
    golden.case(f"resample_{number}", {"image": image, "box": torch.tensor(box)}, {"view": view})
    flipped = {"view": view.flip(-1)}
    golden.case(f"resample_{number}_flip", {"image": image, "box": torch.tensor(box)}, flipped)

# Steps act on this square of the image as it is.
square = floats[:, :16, :16]
steps = {
    "brightness": (V.adjust_brightness, [0.3, 1.0, 1.7]),
    "contrast": (V.adjust_contrast, [0.0, 0.4, 1.8]),
    "saturation": (V.adjust_saturation, [0.0, 0.4, 1.8]),
    "hue": (V.adjust_hue, [-0.5, -0.2, 0.0, 0.13, 0.5]),
    "solarize": (V.solarize, [0.5, 0.9]),
}
for name, (function, values) in steps.items():
    for number, value in enumerate(values):
        inputs = {"image": image, "value": float(value)}
        golden.case(f"{name}_{number}", inputs, {"view": function(square, value)})
golden.case("grayscale", {"image": image}, {"view": V.rgb_to_grayscale(square, 3)})
for number, (kernel, sigma) in enumerate([(3, 0.1), (3, 1.3), (7, 2.0), (23, 2.0)]):
    view = T.gaussian_blur(square, [kernel, kernel], [sigma, sigma])
    golden.case(f"blur_{number}", {"image": image, "kernel": kernel, "value": sigma}, {"view": view})

golden.save()
