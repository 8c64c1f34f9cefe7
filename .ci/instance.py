"""Box, object and intrinsics of one annotated instance of a BOP scene, as arguments of vpog_estimate."""

import json
import sys
from pathlib import Path

IMAGE, INSTANCE = "0", 2


def read(name):
    """The entry of the image in one of the scene's JSON files."""
    return json.loads(Path(sys.argv[1], f"{name}.json").read_text())[IMAGE]


fx, _, cx, _, fy, cy, *_ = read("scene_camera")["cam_K"]
box = read("scene_gt_info")[INSTANCE]["bbox_visib"]
obj_id = read("scene_gt")[INSTANCE]["obj_id"]
print(",".join(map(str, box)), f"{obj_id:06d}", f"{fx},{fy},{cx},{cy}")
