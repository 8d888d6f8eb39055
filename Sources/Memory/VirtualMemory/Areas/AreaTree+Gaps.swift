import Machine

/// Finding room.
extension AreaTree {
  /// The highest place for `byteCount` bytes in `limits` that no area touches, and that leaves stacks room to grow.
  ///
  /// Takes logarithmic time. To hold that for a coarse alignment too, only gaps are considered that have room for an aligned
  /// place wherever they begin; Linux does the same.
  ///
  /// - Parameters:
  ///   - byteCount: a multiple of the page size, not 0.
  ///   - alignment: a power of two and multiple of the page size, of which the place is a multiple.
  /// - Returns: nil when there is no room.
  public borrowing func highestGap(
    _ byteCount: UInt64, alignment: UInt64 = 4096, in limits: Range<UInt64>
  ) -> UInt64? {
    let (padded, overflowed) = byteCount.addingReportingOverflow(alignment - 4096)
    guard !overflowed, let end = endOfHighestGap(padded, limits, under: root, from: 0, to: .max) else { return nil }
    return (end - byteCount) & ~(alignment - 1)
  }

  /// The end of the highest gap of `byteCount` bytes in the part of the tree under `node`.
  ///
  /// A subtree whose gaps lie inside the limits is entered only if it has the room, so only the two ways down to the limits may
  /// turn out to lead nowhere.
  ///
  /// - Parameters:
  ///   - low: the end of the area before the subtree.
  ///   - high: the floor of the area after it, which may lie below areas of the subtree: then it leaves no gap between.
  private borrowing func endOfHighestGap(
    _ byteCount: UInt64, _ limits: Range<UInt64>, under node: Int32, from low: UInt64, to high: UInt64
  ) -> UInt64? {
    guard low < limits.upperBound else { return nil }
    let (bottom, top) = (max(low, limits.lowerBound), min(high, limits.upperBound))
    guard node >= 0 else { return Self.distance(from: bottom, to: top) >= byteCount ? top : nil }
    let index = Int(node)
    if Self.distance(from: max(bottom, nodes[index].highest), to: top) >= byteCount { return top }
    guard nodes[index].highest > limits.lowerBound else { return nil }
    let below = Self.distance(from: bottom, to: min(limits.upperBound, nodes[index].lowest))
    guard max(nodes[index].gap, below) >= byteCount else { return nil }
    let (left, right) = (nodes[index].left, nodes[index].right)
    let (floor, end) = (nodes[index].area.floor, nodes[index].area.end)
    return endOfHighestGap(byteCount, limits, under: right, from: end, to: high)
      ?? endOfHighestGap(byteCount, limits, under: left, from: low, to: floor)
  }
}
