import Foundations
import Registers

/// What the CPU says of its time-stamp counter.
///
/// Source: Intel SDM vol. 2A, CPUID leaves 15h, 16h and 80000007h; vol. 3B, 18.17.
public struct DeclaredRate: Equatable, Sendable {
  /// The rate that leaf 15h gives with the crystal's frequency, which is exact, or nil.
  public var exact: CounterRate?
  /// The rate that leaf 16h gives in megahertz: good to tell a measurement from nonsense, not to tell time by.
  public var nominal: CounterRate?
  /// Whether the counter runs at one rate in every state of the CPU.
  public var isInvariant: Bool

  /// Asks the CPU.
  public init<Space: CPUIDSpace & ~Copyable>(_ space: borrowing Space) {
    exact = nil
    nominal = nil
    let largest = space.read(leaf: 0, subleaf: 0).eax
    if largest >= 0x15 {
      let ratio = space.read(leaf: 0x15, subleaf: 0)
      if ratio.eax != 0, ratio.ebx != 0, ratio.ecx != 0 {
        // 32 bits by 32 bits by 10 bits.
        let (high, low) = (UInt64(ratio.ecx) * UInt64(ratio.ebx)).multipliedFullWidth(by: 1_000)
        exact = WideInteger.divide(high: high, low: low, by: UInt64(ratio.eax)).flatMap(CounterRate.init(millihertz:))
      }
    }
    if largest >= 0x16 {
      let megahertz = UInt64(space.read(leaf: 0x16, subleaf: 0).eax & 0xffff)
      nominal = CounterRate(hertz: megahertz * 1_000_000)
    }
    let hasPowerLeaf = space.read(leaf: 0x8000_0000, subleaf: 0).eax >= 0x8000_0007
    isInvariant = hasPowerLeaf && space.read(leaf: 0x8000_0007, subleaf: 0).edx & 1 << 8 != 0
  }
}
