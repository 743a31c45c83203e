// What a matrix product is made of: where its numbers are.
#pragma once

namespace innerloop {

// A[m][k] = data[m·row_stride + k·depth_stride].
template <class T>
struct Left {
  const T* data;
  int row_stride;
  int depth_stride;
};

// B[k][n] = data[k·depth_stride + n], in scratch memory; rows are aligned and padded to whole vectors.
template <class T>
struct Right {
  const T* data;
  int depth_stride;
};

template <class T>
struct Term {
  Left<T> left;
  Right<T> right;
  int depth;
};

// A product's left and right side, and how they move along a direction.
template <class T>
struct TangentTerm {
  Left<T> left, moved;        // G, Ġ
  Right<T> right, direction;  // W, U, with rows equally far apart
  int depth;
};

// Where the sums start, in scratch memory: data[m·row_stride + n]. With stride 0 all rows start at the same (a bias).
template <class T>
struct Start {
  const T* data;
  int row_stride;
};

}  // namespace innerloop
