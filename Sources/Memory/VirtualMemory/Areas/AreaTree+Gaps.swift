import Machine

/// Finding room.
extension AreaTree {
  /// The highest place for `byteCount` bytes in `limits` that no area touches.
  ///
  /// - Parameters:
  ///   - byteCount: a multiple of the page size, not 0.
  ///   - alignment: a power of two, of which the place is a multiple.
  /// - Returns: nil when there is no room.
  public borrowing func highestGap(
    _ byteCount: UInt64, alignment: UInt64 = 4096, in limits: Range<UInt64>
  ) -> UInt64? {
    highestGap(byteCount, alignment, limits, under: root, from: 0, to: .max)
  }

  /// The same for the part of the tree under `node`, around which there is no area from `low` to `high`.
  private borrowing func highestGap(
    _ byteCount: UInt64, _ alignment: UInt64, _ limits: Range<UInt64>, under node: Int32, from low: UInt64,
    to high: UInt64
  ) -> UInt64? {
    let (bottom, top) = (max(low, limits.lowerBound), min(high, limits.upperBound))
    guard bottom < top, top - bottom >= byteCount else { return nil }
    guard node >= 0 else {
      let place = (top - byteCount) & ~(alignment - 1)
      return place >= bottom ? place : nil
    }
    let (lowest, highest) = (nodes[Int(node)].lowest, nodes[Int(node)].highest)
    guard max(nodes[Int(node)].gap, lowest - low, high - highest) >= byteCount else { return nil }
    let area = nodes[Int(node)].area
    return highestGap(byteCount, alignment, limits, under: nodes[Int(node)].right, from: area.end, to: high)
      ?? highestGap(byteCount, alignment, limits, under: nodes[Int(node)].left, from: low, to: area.start)
  }
}
