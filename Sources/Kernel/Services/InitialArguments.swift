import Executables
import Foundations
import Machine

/// What the command line says to the first program.
///
/// Source: Linux, Documentation/admin-guide/kernel-parameters.rst: what the kernel does not know goes to init; words become
/// arguments, and what has a value its environment. Parameters of modules, with a dot, do not.
final class InitialArguments {
  /// Parameters that are the kernel's own.
  private static let known: InlineArray<17, StaticString> = [
    "init", "rdinit", "root", "console", "quiet", "loglevel", "debug", "ignore_loglevel", "initrd", "BOOT_IMAGE",
    "test", "bench", "strace", "ro", "rw", "nokaslr", "keymap",
  ]

  /// From `rdinit=` or `init=`; empty for the usual ones.
  let program: Message
  private var arguments = GrowableArray<UInt8>()
  private var environment = GrowableArray<UInt8>()

  /// - Throws: `ENOMEM`.
  init(_ line: borrowing CommandLine) throws(Errno) {
    var wanted = Message()
    if let path = line.value("rdinit") {
      wanted.write(path)
    } else if let path = line.value("init") {
      wanted.write(path)
    }
    program = wanted
    try Self.append("HOME=/", to: &environment)
    try Self.append("TERM=linux", to: &environment)
    var position = 0
    while let parameter = line.next(after: &position) {
      guard !Self.isKnown(line, parameter) else { continue }
      guard let value = parameter.value else {
        try Self.append(line.bytes(parameter.key), to: &arguments)
        continue
      }
      let key = line.bytes(parameter.key)
      guard !key.indices.contains(where: { key[$0] == UInt8(ascii: ".") }) else { continue }
      try Self.append(key, to: &environment, separator: UInt8(ascii: "="))
      try Self.append(line.bytes(value), to: &environment)
    }
    let rest = line.initArguments
    var start = 0
    for index in 0...rest.count where index == rest.count || rest[index] == UInt8(ascii: " ") {
      if index > start { try Self.append(rest.extracting(start..<index), to: &arguments) }
      start = index + 1
    }
  }

  /// Adds arguments and environment.
  func add(to list: inout ArgumentList) throws(Errno) {
    try Self.forEach(arguments) { text throws(Errno) in try list.append(argument: text) }
    try Self.forEach(environment) { text throws(Errno) in try list.append(environment: text) }
  }

  private static func forEach(
    _ words: borrowing GrowableArray<UInt8>, _ body: (Span<UInt8>) throws(Errno) -> Void
  ) throws(Errno) {
    var start = 0
    for index in 0..<words.count where words[index] == 0 {
      try body(words.span.extracting(start..<index))
      start = index + 1
    }
  }

  private static func isKnown(_ line: borrowing CommandLine, _ parameter: CommandLine.Parameter) -> Bool {
    for index in known.indices where line.has(parameter, key: known[index].description) { return true }
    return false
  }

  private static func append(_ text: StaticString, to list: inout GrowableArray<UInt8>) throws(Errno) {
    var message = Message()
    message.write(text.description)
    try append(message.bytes, to: &list)
  }

  private static func append(
    _ text: Span<UInt8>, to list: inout GrowableArray<UInt8>, separator: UInt8 = 0
  ) throws(Errno) {
    for index in text.indices { try list.append(text[index]) }
    try list.append(separator)
  }
}
