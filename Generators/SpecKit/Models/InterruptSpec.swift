/// The vectors of the interrupt descriptor table, from `Specs/interrupts.json`.
public struct InterruptSpec: SpecModel {
  /// What kind of exception a vector is. Source: Intel SDM vol. 3A, 6.5.
  public enum Class: String, Decodable, CaseIterable, Sendable {
    case fault, trap, faultOrTrap, abort, interrupt, reserved
  }

  /// Where an interrupt comes from.
  public enum Origin: String, Decodable, CaseIterable, Sendable {
    case processor, line, message, interprocessor, localAPIC, none
  }

  /// Whether the gate turns interrupts off.
  public enum Gate: String, Decodable, Sendable {
    case interrupt, trap

    /// The type field of a 64-bit gate descriptor. Source: Intel SDM vol. 3A, table 3-2.
    var type: Int {
      switch self {
      case .interrupt: 0xE
      case .trap: 0xF
      }
    }
  }

  /// One vector, or several that are treated alike.
  public struct Entry: Decodable, SourceLocated, Sendable {
    /// Where the entry stands.
    public let position: SourcePosition
    /// Which entry it is.
    public let path: JSONPath
    let vector: Located<Int>?
    let vectors: [Located<Int>]?
    /// The name that reports show.
    public let name: Located<String>
    /// The name of the Swift constant.
    public let identifier: Located<String>
    /// The manual's mnemonic.
    public let mnemonic: Located<String>?
    /// Where the interrupt comes from.
    public let origin: Located<Origin>
    /// The ISA interrupt line.
    public let line: Located<Int>?
    /// The exception's class; all that is no exception is an interrupt.
    public let exceptionClass: Located<Class>?
    /// Whether the processor pushes an error code.
    public let errorCode: Located<Bool>?
    let ist: Located<Int>?
    let dpl: Located<Int>?
    let gateKind: Gate?
    /// The Swift function that handles it.
    public let handler: Located<String>

    private enum CodingKeys: String, CodingKey {
      case vector, vectors, name, identifier, mnemonic, origin, line, errorCode, ist, dpl, handler
      case exceptionClass = "class"
      case gateKind = "gate"
    }

    /// Decodes an entry and remembers its place.
    public init(from decoder: any Decoder) throws {
      let place = try Located<Place>(from: decoder)
      position = place.position
      path = place.path
      let container = try decoder.container(keyedBy: CodingKeys.self)
      vector = try container.decodeIfPresent(Located<Int>.self, forKey: .vector)
      vectors = try container.decodeIfPresent([Located<Int>].self, forKey: .vectors)
      name = try container.decode(Located<String>.self, forKey: .name)
      identifier = try container.decode(Located<String>.self, forKey: .identifier)
      mnemonic = try container.decodeIfPresent(Located<String>.self, forKey: .mnemonic)
      origin = try container.decode(Located<Origin>.self, forKey: .origin)
      line = try container.decodeIfPresent(Located<Int>.self, forKey: .line)
      exceptionClass = try container.decodeIfPresent(Located<Class>.self, forKey: .exceptionClass)
      errorCode = try container.decodeIfPresent(Located<Bool>.self, forKey: .errorCode)
      ist = try container.decodeIfPresent(Located<Int>.self, forKey: .ist)
      dpl = try container.decodeIfPresent(Located<Int>.self, forKey: .dpl)
      gateKind = try container.decodeIfPresent(Gate.self, forKey: .gateKind)
      handler = try container.decode(Located<String>.self, forKey: .handler)
    }

    /// The vector, or the first of a range, with its place.
    var first: Located<Int> { vector ?? vectors?.first ?? Located(0, position: position, path: path) }
    /// The last vector with its place.
    var last: Located<Int> { vectors?.last ?? first }
    /// The vectors that the entry describes; a range that runs backwards counts as its first.
    public var range: ClosedRange<Int> { first.value...max(first.value, last.value) }
    var isRange: Bool { vectors != nil }
    /// The IST index, 0 for none.
    public var stackIndex: Int { ist?.value ?? 0 }
    /// The descriptor privilege level.
    public var privilegeLevel: Int { dpl?.value ?? 0 }
    /// The kind of gate.
    public var gate: Gate { gateKind ?? .interrupt }
    /// Whether the processor pushes an error code.
    public var hasErrorCode: Bool { errorCode?.value ?? false }
    /// The class, also of what is no exception.
    public var interruptClass: Class { exceptionClass?.value ?? .interrupt }
  }

  private struct Place: Decodable {}

  /// The interrupt stacks that no exception has for itself.
  public struct Stacks: Decodable, Sendable {
    /// Where all arrives that is no exception.
    public let arrivals: Located<Int>
    /// Where exceptions go of work that has used up its own stack: by the entry code, not by a gate.
    public let exhausted: Located<Int>
  }

  /// The file name of the schema.
  public static let schema = "interrupts.schema.json"

  /// The public documents behind the table.
  public let sources: [String]
  /// The stacks besides those of exceptions.
  public let stacks: Stacks?
  /// The entries, in the order of their vectors.
  public let vectors: [Entry]

  /// How many entries the table has.
  public var entryCount: Int { vectors.count }

  /// The IST index in the gates of `entry`, 0 for none.
  func gateStack(of entry: Entry) -> Int {
    if entry.stackIndex > 0 || entry.origin.value == .processor { return entry.stackIndex }
    return stacks?.arrivals.value ?? 0
  }

  /// How many interrupt stacks a CPU needs: up to the last one that something is on.
  var stackCount: Int {
    max(vectors.map(\.stackIndex).max() ?? 0, stacks?.arrivals.value ?? 0, stacks?.exhausted.value ?? 0)
  }
}
