/// `syscalls.json`: every system call with its typed arguments.
public struct SystemCallSpec: SpecModel {
  /// What an argument means.
  public enum Kind: String, Decodable, CaseIterable {
    case address, bytes, clock, descriptor, device, directoryDescriptor, enumeration, flags, gid, identifier, ipcKey
    case milliseconds, mode, offset, path, pid, pointer, signal, signed, size, string, structure, uid, union, unsigned
    case unused
  }

  /// Who writes the memory that an argument points to.
  public enum Direction: String, Decodable, CaseIterable {
    case `in`, out, `inout`
  }

  /// Whether a call exists here.
  public enum Status: String, Decodable, CaseIterable {
    case planned, partial, done, obsolete
  }

  /// What a signal does to a call that waits.
  public enum Restart: String, Decodable, CaseIterable {
    case never, afterSignal, unlessHandled, remainingTime, uninterruptible
  }

  /// What becomes of flags or choices that the spec does not know.
  public enum Unknown: String, Decodable, CaseIterable {
    case refused, passed
  }

  /// Where random calls are made of it.
  public enum Fuzzing: String, Decodable, CaseIterable {
    case guest, never
  }

  /// What a call that succeeds returns.
  public enum Outcome: String, Decodable, CaseIterable {
    case address, count, descriptor, gid, identifier, integer, mode, none, offset, pid, seconds, signal, size, ticks
    case uid, zero
  }

  /// The part of the kernel that implements a call.
  public enum Family: String, Decodable, CaseIterable {
    case asynchronous, attribute, debug, directory, event, file, identity, ipc, memory, mount, network, process
    case scheduler, security, signal, system, time
  }

  /// How many elements a pointer points to.
  public enum Count: Decodable {
    case fixed(Int)
    case argument(String)

    /// Decodes a number or the name of an argument.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let name = try? container.decode(String.self) {
        self = .argument(name)
      } else {
        self = .fixed(try container.decode(Int.self))
      }
    }
  }

  /// One argument.
  public struct Argument: Decodable {
    /// The name.
    public let name: Located<String>
    /// What it means.
    public let kind: Located<Kind>
    /// Who writes the memory it points to.
    public let direction: Located<Direction>?
    /// The argument that holds the length in bytes.
    public let length: Located<String>?
    /// How many structures there are, when not one.
    public let count: Located<Count>?
    /// The structure it points to.
    public let structure: Located<String>?
    /// The flag set.
    public let flags: Located<String>?
    /// The enumeration.
    public let enumeration: Located<String>?
    /// The argument that says what this one means.
    public let selector: Located<String>?
    /// What an identifier names.
    public let identifies: Located<String>?
    /// The width in bits.
    public let width: Located<Int>?
    /// What becomes of unknown flags or choices; they are refused when it says nothing.
    public let unknown: Located<Unknown>?
    /// True when the pointer may be null.
    public let optional: Located<Bool>?
  }

  /// One call.
  public struct Call: Decodable {
    /// The number in `rax`.
    public let number: Located<Int>
    /// The kernel's name.
    public let name: Located<String>
    /// Who implements it.
    public let family: Family
    /// Whether it exists here.
    public let status: Located<Status>
    /// The manual page.
    public let manual: String?
    /// The Linux version that brought it.
    public let since: String?
    /// The arguments in the order of the ABI.
    public let arguments: [Argument]
    /// What success returns.
    public let result: Outcome
    /// Whether it may wait.
    public let blocks: Bool
    /// What a signal does to it while it waits.
    public let restart: Located<Restart>?
    /// The capability without which every use is refused.
    public let requires: Located<String>?
    /// The capabilities that some uses need.
    public let mayRequire: [Located<String>]?
    /// Where random calls are made of it; everywhere when it says nothing.
    public let fuzz: Located<Fuzzing>?
    /// The errors that the manual page lists.
    public let errors: [Located<String>]
    /// The method of `SystemCallContext` that does the work.
    public let function: Located<String>?

    /// Whether it exists here, in part at least.
    public var isLive: Bool { status.value == .done || status.value == .partial }
  }

  /// Numbers that no call has.
  public struct Reserved: Decodable {
    /// The first number.
    public let first: Located<Int>
    /// The last number.
    public let last: Located<Int>
    /// Why they are not used.
    public let reason: String
  }

  /// The calls, by number.
  public let calls: [Call]
  /// The ranges without calls.
  public let reserved: [Reserved]?
  /// The spec with the types.
  public let types: Located<String>
  /// The public documents behind it.
  public let sources: [String]

  /// The schema's file name.
  public static var schema: String { "syscalls.schema.json" }
  /// How many calls there are.
  public var entryCount: Int { calls.count }
  /// The highest number.
  public var lastNumber: Int { calls.map(\.number.value).max() ?? 0 }
}
