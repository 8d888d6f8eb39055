public import Foundations
import Machine

/// The arguments and the environment that a program begins with, copied from the one before. Source: execve(2).
public struct ArgumentList: ~Copyable {
  /// Longer strings are refused (`MAX_ARG_STRLEN`), the zero included.
  public static let stringLimit = 131_072
  /// More bytes than all strings and pointers may have, whatever the stack's limit is: three quarters of 8 MiB.
  private static let mostBytes: UInt64 = 6 << 20
  /// What every program may have, however small its stack: `ARG_MAX`.
  private static let leastBytes: UInt64 = 131_072

  /// Strings one behind the other, each with a zero.
  private(set) var arguments = GrowableArray<UInt8>()
  private(set) var environment = GrowableArray<UInt8>()
  /// How many arguments there are.
  public private(set) var argumentCount = 0
  /// How many strings the environment has.
  public private(set) var environmentCount = 0
  private let limit: UInt64

  /// An empty list.
  ///
  /// - Parameter stackLimit: how large the program's stack may get, in bytes (`RLIMIT_STACK`): a quarter may be arguments.
  public init(stackLimit: UInt64) {
    limit = max(Self.leastBytes, min(Self.mostBytes, stackLimit / 4))
  }

  private func check(adding count: Int) throws(Errno) {
    guard count < Self.stringLimit else { throw .E2BIG }
    let bytes = UInt64(arguments.count + environment.count + count + 1)
    let pointers = UInt64(argumentCount + environmentCount + 1) * 8
    guard bytes + pointers <= limit else { throw .E2BIG }
  }

  /// Adds an argument.
  ///
  /// - Throws: `E2BIG`, `ENOMEM`.
  public mutating func append(argument bytes: Span<UInt8>) throws(Errno) {
    try check(adding: bytes.count)
    try Self.append(bytes, to: &arguments)
    argumentCount += 1
  }

  /// Adds a string to the environment.
  ///
  /// - Throws: `E2BIG`, `ENOMEM`.
  public mutating func append(environment bytes: Span<UInt8>) throws(Errno) {
    try check(adding: bytes.count)
    try Self.append(bytes, to: &environment)
    environmentCount += 1
  }

  private static func append(_ bytes: Span<UInt8>, to target: inout GrowableArray<UInt8>) throws(Errno) {
    for index in bytes.indices { try target.append(bytes[index]) }
    try target.append(0)
  }

  /// Copies the strings that the program that runs names: two arrays of pointers that end with a null, or null for nothing.
  ///
  /// - Throws: `EFAULT`, `E2BIG`, `ENOMEM`.
  /// - Context: a thread of that program.
  public mutating func copy(arguments argumentArray: UInt64, environment environmentArray: UInt64) throws(Errno) {
    var buffer = GrowableArray<UInt8>()
    try buffer.reserveCapacity(Self.stringLimit)
    for _ in 0..<Self.stringLimit { try buffer.append(0) }
    try copy(argumentArray, &buffer) { list, bytes throws(Errno) in try list.append(argument: bytes) }
    try copy(environmentArray, &buffer) { list, bytes throws(Errno) in try list.append(environment: bytes) }
  }

  private mutating func copy(
    _ array: UInt64, _ buffer: inout GrowableArray<UInt8>,
    _ append: (inout ArgumentList, Span<UInt8>) throws(Errno) -> Void
  ) throws(Errno) {
    guard array != 0 else { return }
    let pointers = UserPointer<UInt64>(array)
    var index = 0
    while true {
      let address = try pointers.load(at: index)
      guard address != 0 else { return }
      var span = buffer.mutableSpan
      let length: Int
      do throws(Errno) {
        length = try UserMemory.copyString(from: address, into: &span)
      } catch {
        throw error == .ENAMETOOLONG ? .E2BIG : error
      }
      try append(&self, buffer.span.extracting(0..<length))
      index += 1
    }
  }

  /// Makes it the list that a script's interpreter gets: itself, its argument, the script's path, and the rest.
  ///
  /// - Throws: `E2BIG`, `ENOMEM`.
  public mutating func prepend(_ script: borrowing ScriptHeader, path: Span<UInt8>) throws(Errno) {
    var old = GrowableArray<UInt8>()
    swap(&old, &arguments)
    let count = argumentCount
    argumentCount = 0
    try append(argument: script.interpreter.span)
    if !script.argument.isEmpty { try append(argument: script.argument.span) }
    try append(argument: path)
    // What the script was called by goes.
    var start = 0
    for index in 0..<count {
      var end = start
      while old[end] != 0 { end += 1 }
      if index > 0 { try append(argument: old.span.extracting(start..<end)) }
      start = end + 1
    }
  }
}
