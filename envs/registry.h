// The environments there are: to add one, write its header and name it here.
#pragma once

#include "envs/acrobot.h"
#include "envs/alchemy.h"
#include "envs/arm_push.h"
#include "envs/arm_reach.h"
#include "envs/bandit.h"
#include "envs/barcode_bandit.h"
#include "envs/cartpole.h"
#include "envs/contextual_choice.h"
#include "envs/cstr.h"
#include "envs/dark_room.h"
#include "envs/dc_drive.h"
#include "envs/distillation.h"
#include "envs/episodic_two_step.h"
#include "envs/four_tank.h"
#include "envs/grid_navigation.h"
#include "envs/half_cheetah.h"
#include "envs/hopper.h"
#include "envs/key_door.h"
#include "envs/maze_navigation.h"
#include "envs/mountain_car.h"
#include "envs/pendulum.h"
#include "envs/point_navigation.h"
#include "envs/t_maze.h"
#include "envs/tabular_mdp.h"
#include "envs/tool_calls.h"
#include "envs/walker.h"
#include "envs/wind_navigation.h"
#include "envs/xland.h"
#include "kernels/options/type_list.h"

namespace innerloop {

using Environments =
    TypeList<PointNavigation, WindNavigation, GridNavigation, Bandit, TabularMdp, CartPole, Pendulum,
             MountainCar, Acrobot, TMaze, KeyDoor, DarkRoom, BarcodeBandit, EpisodicTwoStep, ContextualChoice,
             Cstr, FourTank, DcDrive, Distillation, ToolCalls, Alchemy, MazeNavigation, HalfCheetah, Hopper,
             Walker, ArmReach, ArmPush, XLand>;

}  // namespace innerloop
