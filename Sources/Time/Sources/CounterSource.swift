import Machine

/// The counters that a PC may tell time by, best first.
public enum CounterKind: UInt64, Sendable {
  /// The CPUs' time-stamp counters.
  case timestamp = 0
  /// The main counter of the high-precision event timer.
  case highPrecision = 1
  /// The power-management timer of ACPI.
  case powerManagement = 2
  /// Counter 2 of the interval timer: a yardstick only, for it has 16 bits and takes three accesses.
  case interval = 3
}

/// What is known of a counter.
public struct CounterSource: Equatable, Sendable {
  /// Which it is.
  public var kind: CounterKind
  /// The bits that count: all below its width.
  public var mask: UInt64
  /// How fast it counts.
  public var rate: CounterRate
  /// How wrong `rate` may be, in parts per billion.
  public var errorPartsPerBillion: UInt64

  /// Describes a counter of `width` bits, 16...64.
  public init(_ kind: CounterKind, width: UInt64, rate: CounterRate, errorPartsPerBillion: UInt64) {
    self.kind = kind
    mask = width >= 64 ? .max : 1 << width - 1
    self.rate = rate
    self.errorPartsPerBillion = errorPartsPerBillion
  }

  /// How good it is to tell time by: the greater, the better. As on Linux, a perfect one has 400.
  public var rating: Int {
    switch kind {
    case .timestamp: 300
    case .highPrecision: 250
    case .powerManagement: 200
    case .interval: 100
    }
  }

  /// Its name, as Linux has it in `/sys/devices/system/clocksource`.
  public var name: StaticString {
    switch kind {
    case .timestamp: "tsc"
    case .highPrecision: "hpet"
    case .powerManagement: "acpi_pm"
    case .interval: "pit"
    }
  }

  /// How long it may go unread, in nanoseconds: half of the time until it has counted through.
  public var longestGap: UInt64 { CounterScale(rate).nanoseconds(mask >> 1) }
}

/// Reads counters: the machine's, or simulated ones in a test.
public protocol CounterReader: ~Copyable {
  /// The counter's value now, ordered after the loads before it; only the bits of its mask matter.
  borrowing func ticks(_ kind: CounterKind) -> UInt64
  /// The number of the CPU that reads.
  var processor: Int { get }
}

extension CounterReader where Self: ~Copyable {
  /// The CPU that runs.
  @inline(__always)
  public var processor: Int { Processor.current }
}
