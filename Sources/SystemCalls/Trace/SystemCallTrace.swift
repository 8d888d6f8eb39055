import Foundations
import LinuxABI
public import Machine

/// A system call as a line of text, in the form of strace(1): `openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3`.
///
/// What the kernel reads is shown as it was when the call began, what it writes as it is when the call ends. The forms come from
/// `Specs/syscalls.json` and `Specs/syscall-types.json`. Nothing is allocated; what cannot be read is shown as its address.
///
/// - Context: the thread of the traced program, as its memory is read; faults may wait.
public struct SystemCallTrace: ~Copyable {
  /// The arguments, as the registers had them when the call began.
  let arguments: InlineArray<6, UInt64>
  /// The call, or nil for a number of none.
  let call: SystemCallNumber?
  /// The index of the first argument that is shown when the call ends.
  private var next = 0
  /// The text so far.
  var line = TraceLine()

  /// Begins the line of the call that `registers` ask for.
  public init(_ number: UInt32, _ registers: borrowing UserContext) {
    arguments = [
      registers.argument0, registers.argument1, registers.argument2, registers.argument3, registers.argument4,
      registers.argument5,
    ]
    call = UInt16(exactly: number).flatMap { SystemCallNumber(rawValue: $0) }
    if let call {
      line.write(call.name)
    } else {
      line.write("syscall_0x")
      line.write(hex: UInt64(number))
    }
    line.write("(")
    writeArguments(result: nil)
  }

  /// Ends the line of a call that returned `result`.
  public mutating func finish(_ result: Int64) {
    writeArguments(result: result)
    line.beginResult()
    line.write("= ")
    let isError = result < 0 && result >= -4_095
    if isError, let error = Errno(rawValue: Int32(-result)) {
      line.write("-1 ")
      if let name = error.name {
        line.write(name)
      } else {
        line.write("errno ")
        line.write(decimal: Int(error.rawValue))
      }
      if let description = error.description { writeSentence(description) }
      return
    }
    switch call?.result {
    case .address: line.write(address: UInt64(bitPattern: result))
    case .mode: line.write(mode: UInt64(bitPattern: result))
    default: line.write(decimal: Int(result))
    }
  }

  /// Ends the line of a call that does not return.
  public mutating func finishWithoutReturn() {
    writeArguments(result: 0)
    line.beginResult()
    line.write("= ?")
  }

  /// Whether a call ends its thread, so that its line has to be finished before it is served.
  public static func endsThread(_ number: UInt32) -> Bool {
    number == UInt32(SystemCallNumber.exit.rawValue) || number == UInt32(SystemCallNumber.exit_group.rawValue)
  }

  /// The text: the whole line after `finish`.
  public var text: Span<UInt8> {
    @_lifetime(borrow self)
    get { line.bytes }
  }

  /// Writes the arguments that can be shown: without a `result` those before the first that the kernel writes.
  private mutating func writeArguments(result: Int64?) {
    guard let call else {
      // Nothing is known of it: all registers, as strace shows them.
      if result == nil {
        for index in 0..<6 {
          if index > 0 { line.write(", ") }
          line.write("0x")
          line.write(hex: arguments[index])
        }
      }
      return
    }
    while next < call.argumentCount, let argument = call.argument(at: next) {
      if result == nil, argument.isOutput { return }
      if isShown(argument, at: next) {
        if next > 0 { line.write(", ") }
        write(argument, at: next, result: result)
      }
      next += 1
    }
  }

  /// Whether an argument means anything: the mode of a file only does when open(2) may create one.
  private func isShown(_ argument: SystemCallArgument, at index: Int) -> Bool {
    guard argument.kind == .mode, index > 0, call?.argument(at: index - 1)?.kind == .flags(.openFlags) else {
      return true
    }
    let flags = OpenFlags(rawValue: arguments[index - 1])
    return flags.contains(.O_CREAT) || flags.contains(.O_TMPFILE)
  }

  /// Writes ` (No such file or directory)` of `no such file or directory`.
  private mutating func writeSentence(_ description: String) {
    line.write(" (")
    var isFirst = true
    for byte in description.utf8 {
      let isSmall = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
      line.write(byte: isFirst && isSmall ? byte & ~0x20 : byte)
      isFirst = false
    }
    line.write(")")
  }
}

extension SystemCallArgument {
  /// Whether the kernel writes what it points to, and does not read it.
  fileprivate var isOutput: Bool {
    switch kind {
    case .bytes(let direction, _), .structure(_, let direction, _), .pointer(let direction): direction == .out
    default: false
    }
  }
}
