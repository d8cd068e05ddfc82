"""Rules over the wire schema (proto/huyang/v1), on the descriptor that protoc writes. The reasons stand in docs and in event.proto: protobuf-c unpacks a recursive
message by recursion (a 50 KB packet overflows the stack), merges a repeated field inside a singular submessage in quadratic time, and refuses `optional`."""

import glob
import json
import os
import re
import subprocess
import tempfile

from google.protobuf import descriptor_pb2

Field = descriptor_pb2.FieldDescriptorProto
FORBIDDEN_NAMES = re.compile(r"face_image|faceimage|embedding|audio|voice_template|voiceprint|voice_print|biometric|photo|picture|video|fingerprint|iris")
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", "huyang.v1.json")


def compile_protos(folder, names=None):
    """The FileDescriptorSet of huyang/v1 below `folder`; raises RuntimeError with protoc's words."""
    files = names or sorted(os.path.relpath(p, folder) for p in glob.glob(os.path.join(folder, "huyang", "v1", "*.proto")))
    with tempfile.TemporaryDirectory() as out:
        target = os.path.join(out, "set")
        run = subprocess.run(["protoc", "-I", folder, "--descriptor_set_out=" + target, "--include_imports", *files],
                             capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise RuntimeError(run.stderr.strip() or "protoc failed")
        with open(target, "rb") as file:
            return descriptor_pb2.FileDescriptorSet.FromString(file.read())


def all_messages(descriptors):
    """full name -> DescriptorProto, nested ones included."""
    found = {}

    def add(prefix, message):
        name = f"{prefix}.{message.name}"
        found[name] = message
        for inner in message.nested_type:
            add(name, inner)

    for file in descriptors.file:
        for message in file.message_type:
            add("." + file.package, message)
    return found


def all_enums(descriptors):
    found = {}
    for file in descriptors.file:
        for enum in file.enum_type:
            found[f".{file.package}.{enum.name}"] = enum
    for name, message in all_messages(descriptors).items():
        for enum in message.enum_type:
            found[f"{name}.{enum.name}"] = enum
    return found


def no_recursion(descriptors):
    messages = all_messages(descriptors)
    faults = []

    def reaches(start, name, seen):
        for field in messages[name].field:
            if field.type != Field.TYPE_MESSAGE or field.type_name not in messages:
                continue
            if field.type_name == start:
                return True
            if field.type_name not in seen:
                seen.add(field.type_name)
                if reaches(start, field.type_name, seen):
                    return True
        return False

    for name in messages:
        if reaches(name, name, set()):
            faults.append(f"{name[1:]} contains itself")
    return faults


def no_quadratic_merge(descriptors):
    messages = all_messages(descriptors)
    faults = []

    def has_repeated(name, seen):
        if name in seen or name not in messages:
            return False
        seen.add(name)
        return any(f.label == Field.LABEL_REPEATED or (f.type == Field.TYPE_MESSAGE and has_repeated(f.type_name, seen))
                   for f in messages[name].field)

    for name, message in messages.items():
        for field in message.field:
            singular = field.type == Field.TYPE_MESSAGE and field.label != Field.LABEL_REPEATED
            if singular and not field.HasField("oneof_index") and has_repeated(field.type_name, set()):
                faults.append(f"{name[1:]}.{field.name} is a single message with a repeated field in it, outside a oneof")
    return faults


def no_optional(descriptors):
    return [f"{name[1:]}.{field.name} is `optional`; use a oneof of one member"
            for name, message in all_messages(descriptors).items() for field in message.field if field.proto3_optional]


def enums_start_unspecified(descriptors):
    faults = []
    for name, enum in all_enums(descriptors).items():
        first = enum.value[0]
        prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", enum.name).upper()
        if first.number != 0 or first.name != prefix + "_UNSPECIFIED":
            faults.append(f"{name[1:]} must start with {prefix}_UNSPECIFIED = 0")
    return faults


def uncommented_fields(text):
    """Fields without a comment on their own line, which has to tell meaning, unit and range; enum values speak for themselves."""
    faults, inside = [], ""
    for line in text.split("\n"):
        opened = re.match(r"(message|enum) (\w+)", line)
        if opened:
            inside = opened.group(2) if opened.group(1) == "message" else ""
        field = re.search(r"\b(?:repeated )?[\w.]+ (\w+) = \d+;(.*)", line.split("//")[0])
        if inside and field and "//" not in line:
            faults.append(f"{inside}.{field.group(1)} has no comment")
    return faults


def fields_are_commented(_descriptors):
    folder = os.path.join(os.path.dirname(GOLDEN), "..", "..", "..", "proto", "huyang", "v1")
    faults = []
    for path in sorted(glob.glob(os.path.join(folder, "*.proto"))):
        with open(path, encoding="utf-8") as file:
            faults += [f"{os.path.basename(path)}: {fault}" for fault in uncommented_fields(file.read())]
    return faults


def no_clash_in_c(descriptors):
    """protobuf-c makes one struct of a message: `base` is its own first member, a repeated x brings n_x, a oneof o brings o_case."""
    faults = []
    for name, message in all_messages(descriptors).items():
        own = ["base"] + [f"{oneof.name}_case" for oneof in message.oneof_decl]
        own += ["n_" + field.name for field in message.field if field.label == Field.LABEL_REPEATED]
        for field in message.field:
            if field.name in own:
                faults.append(f"{name[1:]}.{field.name}: protobuf-c has a member of that name itself")
    return faults


def no_biometrics(descriptors):
    """No name that promises a face, a picture or a voice; and bytes, which could smuggle one, only for digests."""
    faults = []
    for name, message in all_messages(descriptors).items():
        if FORBIDDEN_NAMES.search(message.name.lower()):
            faults.append(f"{name[1:]}: such data must not exist")
        for field in message.field:
            if FORBIDDEN_NAMES.search(field.name.lower()):
                faults.append(f"{name[1:]}.{field.name}: such data must not exist")
            if field.type == Field.TYPE_BYTES and not field.name.endswith("_sha256"):
                faults.append(f"{name[1:]}.{field.name}: bytes are allowed for digests (_sha256) only")
    return faults


# --- The golden descriptor: what was ever published keeps its number, name and type. ---


def golden_of(descriptors):
    messages, enums = {}, {}
    for name, message in sorted(all_messages(descriptors).items()):
        fields = {}
        for field in sorted(message.field, key=lambda f: f.number):
            kind = Field.Type.Name(field.type)[5:].lower()
            entry = {"name": field.name, "type": field.type_name[1:] if field.type_name else kind}
            if field.label == Field.LABEL_REPEATED:
                entry["repeated"] = True
            if field.HasField("oneof_index"):
                entry["oneof"] = message.oneof_decl[field.oneof_index].name
            fields[str(field.number)] = entry
        messages[name[1:]] = fields
    for name, enum in sorted(all_enums(descriptors).items()):
        enums[name[1:]] = {str(v.number): v.name for v in sorted(enum.value, key=lambda v: v.number)}
    return {"enums": enums, "messages": messages}


def reserved_numbers(message):
    return {str(n) for r in message.reserved_range for n in range(r.start, min(r.end, r.start + 10000))}


def compare_with_golden(descriptors, golden):
    now = golden_of(descriptors)
    messages = {name[1:]: message for name, message in all_messages(descriptors).items()}
    faults = []
    for name, fields in golden["messages"].items():
        if name not in now["messages"]:
            faults.append(f"{name} is gone")
            continue
        for number, entry in fields.items():
            found = now["messages"][name].get(number)
            if found is None and number not in reserved_numbers(messages[name]):
                faults.append(f"{name}: field {number} ({entry['name']}) is gone and its number is not reserved")
            elif found is not None and found != entry:
                faults.append(f"{name}: field {number} was {entry} and is {found}")
    for name, values in golden["enums"].items():
        for number, value in values.items():
            found = now["enums"].get(name, {}).get(number)
            if found != value:
                faults.append(f"{name}: value {number} was {value} and is {found or 'gone'}")
    # What is new must enter the golden at once: until then its number could change unnoticed.
    for kind in ("messages", "enums"):
        for name, numbers in now[kind].items():
            for number in numbers:
                if number not in golden[kind].get(name, {}):
                    faults.append(f"{name}: {number} is new and not in the golden descriptor; --update-golden writes it")
    return faults


def matches_golden(descriptors):
    if not os.path.exists(GOLDEN):
        return ["tests/lint/golden/huyang.v1.json is missing; --update-golden writes it"]
    with open(GOLDEN, encoding="utf-8") as file:
        return compare_with_golden(descriptors, json.load(file))


def update_golden(descriptors):
    os.makedirs(os.path.dirname(GOLDEN), exist_ok=True)
    with open(GOLDEN, "w", encoding="utf-8") as file:
        json.dump(golden_of(descriptors), file, indent=1, sort_keys=True)
        file.write("\n")


RULES = [
    ("no message contains itself", no_recursion),
    ("no repeated field in a single submessage outside a oneof", no_quadratic_merge),
    ("no `optional` fields", no_optional),
    ("every enum starts with UNSPECIFIED = 0", enums_start_unspecified),
    ("no name that protobuf-c needs itself", no_clash_in_c),
    ("no field for a face, a picture or a voice", no_biometrics),
    ("every field has a comment", fields_are_commented),
    ("published numbers, names and types have not changed", matches_golden),
]
