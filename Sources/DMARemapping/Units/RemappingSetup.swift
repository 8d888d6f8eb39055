import Foundations
import Machine
import PCI

/// What has become of the units and the reserved memory that a table of firmware's tells of.
public struct RemappingSetup: Equatable, Sendable {
  /// How many units were added.
  public internal(set) var units = 0
  /// How many units are not used: their registers cannot be reached, or they are not what is known here.
  public internal(set) var unusableUnits = 0
  /// How many pieces of memory were reserved for devices, each counted for each of its devices.
  public internal(set) var reservations = 0
  /// How many of them were not: the memory is not what firmware may reserve, or there is no way to do it.
  public internal(set) var failedReservations = 0

  /// Adds what `make` makes of each of `count` units of the table to `units`, and counts that.
  ///
  /// - Parameter make: makes the unit of that number.
  /// - Throws: `ENOMEM`.
  mutating func add(
    _ count: Int, to units: RemappingUnits, _ make: (Int) throws(Errno) -> RemappingUnit
  ) throws(Errno) {
    for index in 0..<count {
      do throws(Errno) {
        try units.add(try make(index))
        self.units += 1
      } catch {
        if error == .ENOMEM { throw error }
        unusableUnits += 1
      }
    }
  }

  /// Has `units` let a function reach `addresses` for ever, if firmware may reserve them, and counts that.
  mutating func reserve(
    _ addresses: Range<UInt64>, for function: PCIAddress, in hierarchy: borrowing PCIHierarchy,
    by units: RemappingUnits,
    mayReserve: (Range<UInt64>) -> Bool
  ) {
    do throws(Errno) {
      guard mayReserve(addresses) else { throw .EACCES }
      try units.reserve(addresses, for: try DMAPath(to: function, in: hierarchy))
      reservations += 1
    } catch {
      failedReservations += 1
    }
  }
}

/// What a table says, collected. An object, because a list cannot be captured by what is called for each.
final class Listed<Element> {
  private(set) var elements = GrowableArray<Element>()
  private var isOut = false

  /// All that `forEach` calls its function for.
  ///
  /// - Throws: `ENOMEM`.
  static func all(_ forEach: ((Element) -> Void) -> Void) throws(Errno) -> Listed {
    let list = Listed()
    forEach { list.add($0) }
    if list.isOut { throw .ENOMEM }
    return list
  }

  private func add(_ element: Element) {
    do throws(Errno) { try elements.append(element) } catch { isOut = true }
  }
}
